#pragma once

#include "tests/support/temporary_folder.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace kagent {

// A program that tells systemd how it is (sd_notify(3)), run by the test, which hears it. Ends with
// the object, or with the test.
class ServiceProcess {
 public:
  explicit ServiceProcess(std::vector<std::string> words);  // words[0]: its path
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  // Until it has said so; 30 s at most, then it throws, with its log.
  void wait_for(const std::string& text);
  void signal(int number) const;
  void pause() const;  // SIGSTOP; all of it stands still when this returns
  int wait();          // 30 s at most; its exit status, -1: by a signal
  [[nodiscard]] std::string log() const;

 private:
  TemporaryFolder folder_;
  int socket_ = -1;
  pid_t pid_ = -1;
};

}  // namespace kagent
