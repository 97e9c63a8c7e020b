#pragma once

// Includes gRPC: for .cpp files only.
#include "agent/common/rpc/status.hpp"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace kagent::rpc {

// The client's side of a bidirectional stream. Only the executor's thread uses it; gRPC's threads
// post to the executor. One write is outstanding, the others wait in a bounded queue. The object
// holds itself from start() until gRPC has ended the stream, so that its owner may release it at
// any time. The executor must run until then.
template <class Out, class In>
class ClientStream final : public grpc::ClientBidiReactor<Out, In>,
                           public std::enable_shared_from_this<ClientStream<Out, In>> {
 public:
  struct Handlers {
    std::function<void(In)> message;
    // Called once, last, with the reason. `unavailable` if the peer ended the stream without an
    // error.
    std::function<void(Error)> ended;
  };
  // Begins the RPC: [stub](context, reactor) { stub->async()->Session(context, reactor); }
  using Start = std::function<void(grpc::ClientContext*, ClientStream*)>;

  static constexpr std::size_t max_queued = 256;

  ClientStream(boost::asio::any_io_executor executor, Handlers handlers)
      : executor_(std::move(executor)), handlers_(std::move(handlers)) {}

  void start(const Start& begin) {
    self_ = this->shared_from_this();
    begin(&context_, this);
    this->AddHold();  // reads and writes are started from outside gRPC's own callbacks
    this->StartRead(&incoming_);
    this->StartCall();
  }

  // False when the queue is full or the stream has ended: the message is not sent.
  bool send(Out message) {
    if (ended_ || outgoing_.size() >= max_queued) return false;
    outgoing_.push_back(std::move(message));
    write_next();
    return true;
  }

  [[nodiscard]] std::size_t queued() const { return outgoing_.size(); }

  // Ends the stream; `ended` follows.
  void cancel() { context_.TryCancel(); }

  // Ends the stream, and calls no handler any more. For an owner that is destroyed before the end.
  void abandon() {
    handlers_ = {};
    cancel();
  }

 private:
  void OnReadDone(bool ok) override {
    boost::asio::post(executor_, [this, ok] { read_done(ok); });
  }
  void OnWriteDone(bool ok) override {
    boost::asio::post(executor_, [this, ok] { write_done(ok); });
  }
  void OnDone(const grpc::Status& status) override {
    boost::asio::post(executor_, [this, status] { done(status); });
  }

  void read_done(bool ok) {
    if (!ok) {
      // The stream has no more messages. An outstanding write ends by itself; no other is begun.
      ended_ = true;
      this->RemoveHold();
      return;
    }
    In message = std::exchange(incoming_, In{});
    this->StartRead(&incoming_);
    if (handlers_.message) handlers_.message(std::move(message));
  }

  void write_next() {
    if (writing_ || ended_ || outgoing_.empty()) return;
    writing_ = true;
    this->StartWrite(&outgoing_.front());
  }

  void write_done(bool ok) {
    writing_ = false;
    outgoing_.pop_front();
    if (ok) write_next();
  }

  void done(const grpc::Status& status) {
    const auto keep = std::move(self_);
    const Error why =
        status.ok() ? Error{Errc::unavailable, "the peer ended the stream"} : from_status(status);
    const auto ended = std::move(handlers_.ended);
    handlers_ = {};
    if (ended) ended(why);
  }

  boost::asio::any_io_executor executor_;
  Handlers handlers_;
  grpc::ClientContext context_;
  In incoming_;
  std::deque<Out> outgoing_;  // references stay valid while elements are added at the end
  bool writing_ = false;
  bool ended_ = false;
  std::shared_ptr<ClientStream> self_;
};

}  // namespace kagent::rpc
