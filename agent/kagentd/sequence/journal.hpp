#pragma once

#include "agent/common/base/error.hpp"
#include "agent/kagentd/sequence/sequencer.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace kagent::kagentd {

// When the last attempt of a step ran, and as what; for people.
struct LastRun {
  std::optional<std::chrono::system_clock::time_point> started, finished;
  std::string unit, invocation_id;

  bool operator==(const LastRun&) const = default;
};

// What kagentd remembers of the steps. It is never believed to say that something is done: checks
// do.
struct Progress {
  std::uint64_t assignment_serial = 0;  // of the configuration that the attempts were made with
  Records records;
  std::map<std::string, LastRun> runs;

  bool operator==(const Progress&) const = default;
};

// Progress on disk. Blocks for the few ms of an fsync.
class Journal {
 public:
  // `node_id`: what another machine has written (an image made of a used one) is not ours.
  Journal(std::filesystem::path file, std::string node_id)
      : file_(std::move(file)), node_id_(std::move(node_id)) {}

  // Nothing yet is not an error. Errors: data_loss (torn, empty or altered), failed_precondition
  // (of another machine, or of a version that writes it otherwise), io. After each the start is
  // from checks, with an empty Progress.
  [[nodiscard]] Result<Progress> load() const;
  // On disk when it returns, whole or not at all.
  [[nodiscard]] Result<> save(const Progress& progress) const;

 private:
  std::filesystem::path file_;
  std::string node_id_;
};

}  // namespace kagent::kagentd
