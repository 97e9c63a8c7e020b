#include "agent/noded/packages/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace kagent::noded::packages {
namespace {

struct Pattern {
  Cause cause;
  std::initializer_list<std::string_view> texts;
  const char* message;
  const char* remedy;
};

// In this order: the texts of a later cause can follow from an earlier one.
const Pattern patterns[] = {
    {"packages.locked",
     {"Could not get lock", "is another process using it", "was locked by another process",
      "already locked by", "can't create transaction lock", "Waiting for process with pid"},
     "another process works with the package database",
     "None, if that is the system's own upgrade: kagent tries again by itself. Else end it."},
    {"packages.disk-full",
     {"No space left on device", "You don't have enough free space", "more space needed on the"},
     "there is no room for the packages",
     "Make room on the node's disk; kagent tries again by itself."},
    {"packages.signature",
     {"NO_PUBKEY", "is not signed", "GPG check FAILED", "BADSIG", "EXPKEYSIG",
      "The following signatures"},
     "a repository or package is not signed by the key that was given",
     "See packages.repository and packages.key in the ClusterConfig."},
    {"packages.repository-unreachable",
     {"Failed to fetch", "does not have a Release file", "Failed to download metadata",
      "Cannot download", "Could not resolve host"},
     "a package repository cannot be reached",
     "See that the node reaches it, or give a mirror as packages.repository in the ClusterConfig; "
     "kagent tries again by itself."},
    {"packages.not-available",
     {"Unable to locate package", "' was not found", "has no installation candidate",
      "No match for argument", "Unable to find a match", "All matches were filtered out"},
     "no repository has one of the packages",
     "See kubernetesVersion, packages.repository and packages.runtimePackage in the "
     "ClusterConfig."},
};

constexpr int dnf_locked = 200;  // dnf(8): the metadata is locked, with exit_on_lock

}  // namespace

Failure why_failed(const std::vector<std::string>& output, int exit_status) {
  for (const Pattern& pattern : patterns) {
    for (const auto& line : output) {
      if (std::ranges::none_of(pattern.texts, [&](std::string_view text) {
            return line.find(text) != std::string::npos;
          }))
        continue;
      return {pattern.cause, fmt::format("{}: {}", pattern.message, line), pattern.remedy};
    }
    if (exit_status == dnf_locked) return {pattern.cause, pattern.message, pattern.remedy};
  }
  return {"packages.failed",
          fmt::format("the packages could not be installed: exit status {}", exit_status),
          "See the journal lines; kagent tries again by itself."};
}

}  // namespace kagent::noded::packages
