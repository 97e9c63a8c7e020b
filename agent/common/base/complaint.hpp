#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace kagent::kagentd {

// One trouble that comes again and again: said ten times, then quiet until it changes or ends.
class Complaint {
 public:
  // `over`: said when it is over.
  explicit Complaint(std::string over) : over_(std::move(over)) {}
  // A warning, unless it has been said often enough.
  void say(std::string_view trouble);
  // It is over; said if it had been going on.
  void over();

 private:
  std::string over_;
  std::string last_;
  unsigned times_ = 0;
};

}  // namespace kagent::kagentd
