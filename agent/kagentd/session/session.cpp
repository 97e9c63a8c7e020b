#include "agent/kagentd/session/session.hpp"

#include "agent/common/base/liveness.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/common/rpc/client_stream.hpp"
#include "kagent/v1/agent.grpc.pb.h"

#include <grpcpp/channel.h>
#include <boost/asio/this_coro.hpp>

#include <random>

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using Stub = v1::Agent::Stub;

namespace {

// The jitter spreads out a fleet that starts at once.
constexpr BackoffPolicy reconnect{500ms, 20s, 100ms};
// How long the coordinator may take to answer the hello.
constexpr std::chrono::milliseconds hello_limit = 10s;

}  // namespace

class Session::Stream {
 public:
  using Reactor = rpc::ClientStream<v1::AgentMessage, v1::CoordinatorMessage>;

  Stream(asio::io_context& io, const rpc::ChannelOptions& options, Reactor::Handlers handlers)
      : stub_(v1::Agent::NewStub(rpc::make_channel(options))),
        reactor_(std::make_shared<Reactor>(io.get_executor(), std::move(handlers))) {
    Stub* stub = stub_.get();
    reactor_->start([stub](grpc::ClientContext* context, Reactor* reactor) {
      stub->async()->Session(context, reactor);
    });
  }
  ~Stream() { reactor_->abandon(); }

  bool send(v1::AgentMessage message) { return reactor_->send(std::move(message)); }
  void cancel() { reactor_->cancel(); }

 private:
  std::unique_ptr<Stub> stub_;
  std::shared_ptr<Reactor> reactor_;
};

Session::Session(asio::io_context& io, Tasks& tasks, Options options, Handlers handlers)
    : io_(io),
      tasks_(tasks),
      enrolment_(io, options),
      coordinator_(config::host_port(options.coordinator)),
      handlers_(std::move(handlers)),
      ended_(io.get_executor()),
      heartbeat_(io),
      backoff_(reconnect, std::random_device{}()) {}

Session::~Session() = default;

void Session::send(v1::AgentMessage message) {
  if (up_ && !stream_->send(std::move(message))) stream_->cancel();
}

void Session::begin_anew() {
  if (!up_) return;
  log::info("greeting the coordinator again");
  stream_->cancel();
}

void Session::close() {
  closed_ = true;
  up_ = false;
  heartbeat_.cancel();
  enrolment_.stop();
  if (stream_) stream_->cancel();
}

asio::awaitable<void> Session::run() {
  while (!closed_) {
    const Error why = co_await attempt();
    if (closed_) co_return;
    const bool was_up = std::exchange(up_, false);
    if (was_up) backoff_.reset();
    const auto delay = backoff_.next();
    const std::string prefix = "coordinator " + coordinator_ + ": ";
    const std::string text =
        why.message().starts_with(prefix) ? why.message() : prefix + why.message();
    handlers_.trouble(text);
    complaint_.say(text + "; trying again");
    co_await pause(delay);
  }
}

asio::awaitable<Error> Session::attempt() {
  auto identity = co_await enrolment_.ensure();
  if (!identity) co_return identity.error();
  Error why = co_await converse();
  if (!up_ && !closed_) co_await enrolment_.follow_ca();
  co_return why;
}

asio::awaitable<Error> Session::converse() {
  Stream::Reactor::Handlers handlers;
  handlers.message = [this](v1::CoordinatorMessage message) { received(std::move(message)); };
  handlers.ended = [this](const Error& why) {
    if (!end_) end_ = why;
    ended_.set();
  };
  end_.reset();
  ended_.reset();
  heard_ = std::chrono::steady_clock::now();
  stream_ = std::make_shared<Stream>(io_, enrolment_.channel(), std::move(handlers));
  v1::AgentMessage first;
  *first.mutable_hello() = handlers_.hello();
  stream_->send(std::move(first));
  beat();
  co_await await_end();
  heartbeat_.cancel();
  stream_.reset();
  const Error why = end_.value_or(Error(Errc::cancelled, "given up"));
  if (why.code() == Errc::unauthenticated && !closed_) enrolment_.forget();
  co_return why;
}

// A cancelled task waits as well: gRPC posts to the io_context until the stream has ended.
asio::awaitable<void> Session::await_end() {
  co_await ended_.wait();
  if (ended_.is_set()) co_return;
  closed_ = true;
  stream_->cancel();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await ended_.wait();
}

void Session::received(v1::CoordinatorMessage message) {
  if (closed_) return;
  heard_ = std::chrono::steady_clock::now();
  if (!std::exchange(up_, true)) {
    complaint_.over();
    log::info("in session with coordinator {}", coordinator_);
    handlers_.trouble({});
    handlers_.connected();
  }
  handlers_.message(std::move(message));
}

// Both ends notice within liveness::lost_after that the other one has gone.
void Session::beat() {
  heartbeat_.expires_after(liveness::heartbeat_every);
  heartbeat_.async_wait([this](boost::system::error_code error) {
    if (error || !stream_) return;
    const auto silence = std::chrono::steady_clock::now() - heard_;
    if (silence > (up_ ? liveness::lost_after : hello_limit)) {
      end_ = Error(Errc::deadline_exceeded, "does not answer");
      stream_->cancel();
      return;
    }
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_sequence(++beats_);
    send(std::move(message));
    renew_if_due();
    beat();
  });
}

void Session::renew_if_due() {
  if (!up_ || renewing_ || !enrolment_.is_renewal_due()) return;
  renewing_ = true;
  tasks_.start(renew());
}

asio::awaitable<void> Session::renew() {
  co_await enrolment_.renew();
  renewing_ = false;
}

}  // namespace kagent::kagentd
