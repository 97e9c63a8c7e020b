#pragma once

#include "agent/common/base/error.hpp"
#include "agent/noded/machine/before_file.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

// How a reset restores a file.
struct FileBack {
  enum class How {
    nothing,
    remove,   // the file did not exist
    restore,  // write back content, mode and owner
    leave,    // somebody else changed the file since, or owns its folder: do not write
  };
  std::string path;
  How how = How::nothing;
};

// Records on disk what the node was before kagent changed it, for a reset to restore. Each record
// is written before the change, and only the first change of a file counts.
class Before {
 public:
  // `root` is / except in tests. The record file is root's, 0600.
  Before(std::filesystem::path root, std::filesystem::path record);

  // Call this before a file is written: records the file's present state. Ignores /run and our own
  // folders, which a reset removes. Errors: data_loss (the record is damaged), io,
  // resource_exhausted.
  Result<> writing(const std::string& path, std::string_view content);
  // Whether this is one of the last two contents that we wrote there.
  [[nodiscard]] Result<bool> wrote(const std::string& path, std::string_view content) const;

  using Survey = noded::Survey;
  // Only the first survey is kept.
  [[nodiscard]] Result<bool> surveyed() const;
  Result<> keep(Survey survey);

  [[nodiscard]] Result<std::optional<Survey>> survey() const;
  [[nodiscard]] Result<std::vector<FileBack>> files() const;
  // Also removes folders that were made for the file, if they are empty. Idempotent.
  Result<> put_back(const FileBack& file);
  // Removes the record after a reset, so that the next change counts as the first.
  Result<> forget();

 private:
  [[nodiscard]] std::filesystem::path at(const std::string& path) const;
  [[nodiscard]] FileBack way_back(const std::string& path, const FileWas& file) const;

  std::filesystem::path root_;
  BeforeFile record_;
};

// Entries of `now` that are not in `was`.
std::vector<std::string> added(const std::vector<std::string>& was,
                               const std::vector<std::string>& now);

// Names in a folder, sorted; empty if the folder does not exist.
std::vector<std::string> entries_of(const std::filesystem::path& folder);

}  // namespace kagent::noded
