#pragma once

#include "agent/common/base/error.hpp"

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What Before records, and the JSON file that holds the record.
namespace kagent::noded {

struct UnitWas {
  bool enabled = false;
  bool running = false;
  bool masked = false;
};

// The state of units, kernel settings, and entries of folders that kubeadm, kubelet and CNI plugins
// fill.
struct Survey {
  std::map<std::string, UnitWas> units;
  std::map<std::string, std::string> settings;              // named as by sysctl
  std::map<std::string, std::vector<std::string>> folders;  // a missing folder has no entry
};

struct FileWas {
  bool was_there = false;
  std::string content;  // the content before kagent
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string made_below;         // the topmost parent folder that did not exist
  std::vector<std::string> ours;  // SHA-256 of the last two contents that we wrote, the last first

  [[nodiscard]] bool is_ours(std::string_view content_now) const;
};

struct BeforeRecord {
  std::map<std::string, FileWas> files;  // by path
  std::optional<Survey> survey;
};

class BeforeFile {
 public:
  explicit BeforeFile(std::filesystem::path path) : path_(std::move(path)) {}

  // A missing file gives an empty record. Errors: data_loss (the file is damaged), io.
  [[nodiscard]] Result<BeforeRecord> load() const;
  // Atomically, 0600. Errors: io, resource_exhausted.
  [[nodiscard]] Result<> save(const BeforeRecord& record) const;
  Result<> remove();

 private:
  std::filesystem::path path_;
};

// Bound of the record and of each recorded file, in bytes.
inline constexpr std::size_t largest_record = 16 << 20;

}  // namespace kagent::noded
