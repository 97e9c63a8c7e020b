#pragma once

#include "agent/common/base/backoff.hpp"
#include "agent/common/base/complaint.hpp"
#include "agent/common/base/error.hpp"
#include "agent/common/base/event.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/session/enrolment.hpp"
#include "agent/kagentd/session/link.hpp"
#include "kagent/v1/agent.pb.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kagent::kagentd {

// The stream to the coordinator, opened again for as long as the program runs.
class Session final : public Link {
 public:
  using Options = Enrolment::Options;
  struct Handlers {
    std::function<v1::Hello()> hello;
    std::function<void(v1::CoordinatorMessage)> message;
    std::function<void()> connected;  // the coordinator has answered the hello
    // Why there is no session; "" once there is one again.
    std::function<void(std::string)> trouble;
  };

  Session(boost::asio::io_context& io, Tasks& tasks, Options options, Handlers handlers);
  ~Session() override;

  // Ends some time after close(), when its task is cancelled: gRPC must be done with the stream
  // before the io_context goes.
  boost::asio::awaitable<void> run();
  void send(v1::AgentMessage message) override;
  [[nodiscard]] bool up() const override { return up_; }
  // Ends the stream, if there is one, for another with a new hello.
  void begin_anew();
  // Sends nothing more, and calls no handler.
  void close();

 private:
  class Stream;

  boost::asio::awaitable<Error> attempt();
  boost::asio::awaitable<Error> converse();
  boost::asio::awaitable<void> await_end();
  void received(v1::CoordinatorMessage message);
  void beat();
  void renew_if_due();
  boost::asio::awaitable<void> renew();

  boost::asio::io_context& io_;
  Tasks& tasks_;
  Enrolment enrolment_;
  std::string coordinator_;  // HOST:PORT
  Handlers handlers_;
  bool closed_ = false;
  bool up_ = false;
  bool renewing_ = false;
  std::shared_ptr<Stream> stream_;
  Event ended_;  // gRPC is done with the stream
  std::optional<Error> end_;
  std::chrono::steady_clock::time_point heard_;
  std::uint64_t beats_ = 0;
  boost::asio::steady_timer heartbeat_;
  Backoff backoff_;
  Complaint complaint_{"the coordinator answers again"};
};

}  // namespace kagent::kagentd
