#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace kagent::kagentd {

// Logs a problem that repeats: ten times, then not again until the problem changes or ends.
class Complaint {
 public:
  // `over` is the message that over() logs.
  explicit Complaint(std::string over) : over_(std::move(over)) {}
  // Logs a warning, or at level debug after ten equal ones.
  void say(std::string_view trouble);
  // The problem has ended. Logs the message if there was one.
  void over();

 private:
  std::string over_;
  std::string last_;
  unsigned times_ = 0;
};

}  // namespace kagent::kagentd
