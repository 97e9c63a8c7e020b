#pragma once

#include "agent/common/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

// What makes a machine that one machine, and must not be in an image that many are made of.
namespace kagent::ctl {

struct Trace {
  std::filesystem::path path;  // absolute, below the root
  std::string what;            // for people: "the machine id"
  bool emptied = false;        // stays as an empty file, or as an empty folder; else it is removed
};

// Those that are there below `root` ("/", or an image that is mounted elsewhere), in a stable
// order.
std::vector<Trace> traces_in(const std::filesystem::path& root);

// Why no image should be made of what is below `root`: it is a node of a cluster. Empty if it may.
std::string why_no_image(const std::filesystem::path& root);

// Idempotent. A symbolic link is removed, not followed. Errors: permission_denied, io.
Result<> take_away(const Trace& trace);

}  // namespace kagent::ctl
