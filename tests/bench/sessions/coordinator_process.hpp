#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace kagent::bench {

// A kagent-coordinator of its own, on loopback, in a temporary folder; gone at the end.
class CoordinatorProcess {
 public:
  CoordinatorProcess(const std::filesystem::path& program, std::uint16_t port);
  ~CoordinatorProcess();
  CoordinatorProcess(const CoordinatorProcess&) = delete;
  CoordinatorProcess& operator=(const CoordinatorProcess&) = delete;

  [[nodiscard]] std::uint64_t resident_bytes() const;   // of the process
  [[nodiscard]] std::chrono::milliseconds cpu() const;  // used so far, user and system
  [[nodiscard]] std::string token() const;
  [[nodiscard]] std::string ca_pem() const;

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

std::uint64_t resident_bytes(pid_t pid);

}  // namespace kagent::bench
