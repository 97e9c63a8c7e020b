#include "agent/common/base/complaint.hpp"

#include "agent/common/base/log.hpp"

namespace kagent::kagentd {
namespace {

constexpr unsigned often_enough = 10;

}  // namespace

void Complaint::say(std::string_view trouble) {
  if (trouble != last_) times_ = 0;
  last_ = trouble;
  if (++times_ > often_enough) {
    log::debug("{}", trouble);
    return;
  }
  log::warning("{}{}", trouble, times_ == often_enough ? " (in silence until it changes)" : "");
}

void Complaint::over() {
  if (times_ > 0) log::info("{}", over_);
  times_ = 0;
  last_.clear();
}

}  // namespace kagent::kagentd
