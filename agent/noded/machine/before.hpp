#pragma once

#include "agent/common/base/error.hpp"

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct UnitWas {
  bool enabled = false;
  bool running = false;
  bool masked = false;
};

// What is to be done to a file so that it is as it was before us.
struct FileBack {
  enum class How {
    nothing,
    remove,   // there was none
    restore,  // its content, mode and owner
    leave,    // somebody has changed it since, or it is in a folder of his own: not ours to write
  };
  std::string path;
  How how = How::nothing;
};

// What the node was before kagent changed it, on disk. Written before each change; only the first
// one counts. A reset puts it back.
class Before {
 public:
  // `root` is / but in tests; `record` is root's, 0600.
  Before(std::filesystem::path root, std::filesystem::path record);

  // Before a file is written: keeps what is there. Not for /run and our own folders, which a reset
  // removes. Errors: data_loss (the record is damaged), io, resource_exhausted.
  Result<> writing(const std::string& path, std::string_view content);
  // Whether it is what we wrote there last, or before that.
  [[nodiscard]] Result<bool> wrote(const std::string& path, std::string_view content) const;

  // The survey: units, settings of the kernel and the entries of folders that kubeadm, kubelet and
  // CNI plugins fill. Once; later ones change nothing.
  struct Survey {
    std::map<std::string, UnitWas> units;
    std::map<std::string, std::string> settings;              // as sysctl names them
    std::map<std::string, std::vector<std::string>> folders;  // no entry: it was not there
  };
  [[nodiscard]] Result<bool> surveyed() const;
  Result<> keep(Survey survey);

  [[nodiscard]] Result<std::optional<Survey>> survey() const;
  [[nodiscard]] Result<std::vector<FileBack>> files() const;
  // Also folders that were made for it, when they are empty. A success when nothing is to be done.
  Result<> put_back(const FileBack& file);
  // Everything is as it was: the next change is a first one again.
  Result<> forget();

 private:
  struct File;
  struct Record;
  [[nodiscard]] std::filesystem::path at(const std::string& path) const;
  [[nodiscard]] Result<Record> load() const;
  [[nodiscard]] Result<> save(const Record& record) const;
  static bool is_ours(const File& file, std::string_view content);
  [[nodiscard]] FileBack way_back(const std::string& path, const File& file) const;

  std::filesystem::path root_;
  std::filesystem::path record_;
};

// What of `now` was not there when `was` was kept.
std::vector<std::string> added(const std::vector<std::string>& was,
                               const std::vector<std::string>& now);

// Names in a folder, sorted; empty if there is none.
std::vector<std::string> entries_of(const std::filesystem::path& folder);

}  // namespace kagent::noded
