#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace kagent::noded {

// systemd's jobs by object path. JobRemoved can arrive before the reply that names the job, so
// results are kept while an Expectation exists.
class Jobs {
 public:
  // Instead of a result: systemd may have forgotten us meanwhile, so ask whether the job still
  // exists.
  static constexpr char again[] = "";

  explicit Jobs(boost::asio::io_context& io) : io_(io) {}

  class Expectation {
   public:
    explicit Expectation(Jobs& jobs) : jobs_(&jobs) { ++jobs_->expected_; }
    ~Expectation() {
      if (jobs_ != nullptr && --jobs_->expected_ == 0) jobs_->early_.clear();
    }
    Expectation(Expectation&& other) noexcept : jobs_(std::exchange(other.jobs_, nullptr)) {}
    Expectation(const Expectation&) = delete;
    Expectation& operator=(const Expectation&) = delete;
    Expectation& operator=(Expectation&&) = delete;

   private:
    Jobs* jobs_;
  };
  // Hold it from before the call that makes the job until wait() has returned.
  [[nodiscard]] Expectation expect() { return Expectation(*this); }

  // The job's result ("done", "failed", ...), or `again`. Errors: deadline_exceeded.
  boost::asio::awaitable<Result<std::string>> wait(std::string job,
                                                   std::chrono::steady_clock::duration limit);

  void removed(const std::string& job, const std::string& result);
  void ask_again();

 private:
  struct Waiter {
    explicit Waiter(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    std::optional<std::string> result;
  };

  boost::asio::io_context& io_;
  unsigned expected_ = 0;
  std::map<std::string, std::string> early_;
  std::multimap<std::string, std::shared_ptr<Waiter>> waiters_;
};

}  // namespace kagent::noded
