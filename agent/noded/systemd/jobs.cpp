#include "agent/noded/systemd/jobs.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kagent::noded {
namespace asio = boost::asio;

asio::awaitable<Result<std::string>> Jobs::wait(std::string job,
                                                std::chrono::steady_clock::duration limit) {
  if (const auto known = early_.find(job); known != early_.end()) co_return known->second;
  auto waiter = std::make_shared<Waiter>(io_);
  const auto place = waiters_.emplace(job, waiter);
  waiter->timer.expires_after(limit);
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  waiters_.erase(place);
  if (!waiter->result)
    co_return Error{Errc::deadline_exceeded, "systemd did not end the job " + job + " in time"};
  co_return *waiter->result;
}

void Jobs::removed(const std::string& job, const std::string& result) {
  if (expected_ > 0) early_[job] = result;
  const auto [first, last] = waiters_.equal_range(job);
  for (auto waiter = first; waiter != last; ++waiter) {
    waiter->second->result = result;
    waiter->second->timer.cancel();
  }
}

void Jobs::ask_again() {
  for (const auto& [job, waiter] : waiters_) {
    waiter->result = again;
    waiter->timer.cancel();
  }
}

}  // namespace kagent::noded
