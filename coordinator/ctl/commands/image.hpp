#pragma once

#include "agent/common/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

// Files that identify one machine and must not be in an image that many machines are made of.
namespace kagent::ctl {

struct Trace {
  std::filesystem::path path;  // absolute, below the root
  std::string what;            // for people: "the machine id"
  bool emptied = false;        // the file or folder stays, but empty; otherwise it is deleted
};

// Those that exist below `root` ("/", or where an image is mounted), in a stable order.
std::vector<Trace> traces_in(const std::filesystem::path& root);

// Why no image may be made of `root`: it is a node of a cluster. Empty if one may.
std::string why_no_image(const std::filesystem::path& root);

// Deletes or empties it. Idempotent. A symbolic link is deleted, not followed. Errors:
// permission_denied, io.
Result<> take_away(const Trace& trace);

}  // namespace kagent::ctl
