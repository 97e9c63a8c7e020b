#pragma once

#include "agent/common/base/error.hpp"
#include "agent/kagentd/sequence/runs.hpp"
#include "agent/kagentd/sequence/steps.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace kagent::kagentd {

// What kagentd remembers of the steps. That a step is done is not part of it: only a check tells.
struct Progress {
  std::uint64_t assignment_serial = 0;  // of the order that the attempts belong to
  Records records;
  LastRuns runs;

  bool operator==(const Progress&) const = default;
};

// Progress on disk. Calls block for the few ms of an fsync.
class ProgressFile {
 public:
  // `node_id`: a file that another machine has written, and an image has copied, does not count.
  ProgressFile(std::filesystem::path file, std::string node_id)
      : file_(std::move(file)), node_id_(std::move(node_id)) {}

  // Empty if there is no file yet. Errors: data_loss (torn, empty or altered), failed_precondition
  // (of another machine, or in the format of another version), io. After an error kagentd begins
  // with an empty Progress.
  [[nodiscard]] Result<Progress> load() const;
  // On disk when it returns. On an error the old file is whole.
  [[nodiscard]] Result<> save(const Progress& progress) const;

 private:
  std::filesystem::path file_;
  std::string node_id_;
};

}  // namespace kagent::kagentd
