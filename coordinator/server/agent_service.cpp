#include "coordinator/core/coordinator.hpp"
#include "coordinator/server/grpc_util.hpp"
#include "coordinator/server/services.hpp"
#include "kagent/v1/agent.grpc.pb.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace kagent::coordinator {
namespace {

using boost::asio::any_io_executor;

// A node reads its messages at once, so this many unsent ones mean that it has stopped reading.
constexpr std::size_t most_unsent = 256;
constexpr std::chrono::seconds hello_limit{5};
// The pace at which a node's messages are read, in messages of 4 KiB. A control plane that mints
// tokens for a whole fleet sends a thousand messages at once.
constexpr double messages_a_second = 500, messages_at_once = 4000;
constexpr double bytes_a_message = 4096;

// One node's stream. gRPC's threads only post; everything else runs on the loop, which starts each
// read and write. At most one read and one write are outstanding. The object owns itself until
// OnDone.
class SessionReactor final
    : public Peer,
      public std::enable_shared_from_this<SessionReactor>,
      public grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage> {
 public:
  SessionReactor(any_io_executor loop, Coordinator& coordinator,
                 grpc::CallbackServerContext* context)
      : loop_(std::move(loop)),
        coordinator_(coordinator),
        context_(context),
        timer_(loop_),
        caller_(caller_of(*context)) {}

  void begin() {
    self_ = shared_from_this();
    boost::asio::post(loop_, [self = self_] {
      if (auto admitted = self->coordinator_.gate().admit(self->caller_); !admitted)
        self->close(admitted.error());
      else
        self->wait_for_hello();
    });
  }

  // Peer
  void send(v1::CoordinatorMessage message) override {
    if (closing_) return;
    if (outgoing_.size() >= most_unsent) {
      context_->TryCancel();
      return close(Error(Errc::resource_exhausted, "the node does not read its messages"));
    }
    outgoing_.push_back(std::move(message));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  void close(const Error& why) override {
    // An outstanding write to a dead peer may never end.
    if (!closing_ && why.code() == Errc::deadline_exceeded) context_->TryCancel();
    finish(to_status(why));
  }

 private:
  void OnReadDone(bool ok) override {
    boost::asio::post(loop_, [self = self_, ok] { self->on_read(ok); });
  }
  void OnWriteDone(bool ok) override {
    boost::asio::post(loop_, [self = self_, ok] { self->on_written(ok); });
  }
  void OnDone() override {
    // This may drop the last reference, so the object is destroyed on the loop.
    boost::asio::post(loop_, [self = std::move(self_)] {
      self->coordinator_.reception().closed(self.get(), self->caller_);
    });
  }

  void wait_for_hello() {
    StartRead(&incoming_);
    timer_.expires_after(hello_limit);
    timer_.async_wait([self = self_](boost::system::error_code error) {
      if (!error) self->close(Error(Errc::deadline_exceeded, "no Hello was received"));
    });
  }

  void read_on() {
    const auto now = std::chrono::steady_clock::now();
    const auto wait = pace_.until_room(now);
    if (wait.count() == 0) return StartRead(&incoming_);
    timer_.expires_after(wait);
    timer_.async_wait([self = self_](boost::system::error_code error) {
      if (!error && !self->closing_) self->StartRead(&self->incoming_);
    });
  }

  void on_read(bool ok) {
    if (closing_) return;
    if (!ok) return finish(grpc::Status::OK);
    v1::AgentMessage message;
    message.Swap(&incoming_);
    timer_.cancel();
    pace_.pour(1 + static_cast<double>(message.ByteSizeLong()) / bytes_a_message,
               std::chrono::steady_clock::now());
    read_on();
    coordinator_.reception().received(shared_from_this(), caller_, std::move(message));
  }

  void on_written(bool ok) {
    outgoing_.pop_front();
    if (!ok) outgoing_.clear();
    if (closing_) {
      outgoing_.clear();
      Finish(status_);
    } else if (!ok) {
      finish(grpc::Status::OK);
    } else if (!outgoing_.empty()) {
      StartWrite(&outgoing_.front());
    }
  }

  // gRPC allows Finish only after the outstanding write.
  void finish(grpc::Status status) {
    if (std::exchange(closing_, true)) return;
    timer_.cancel();
    status_ = std::move(status);
    coordinator_.gate().ending(caller_);
    if (outgoing_.empty()) Finish(status_);
  }

  any_io_executor loop_;
  Coordinator& coordinator_;
  grpc::CallbackServerContext* context_;
  boost::asio::steady_timer timer_;  // for Hello, then between reads
  Bucket pace_{messages_a_second, messages_at_once};
  Caller caller_;
  std::shared_ptr<SessionReactor> self_;
  v1::AgentMessage incoming_;
  std::deque<v1::CoordinatorMessage> outgoing_;  // the front one is being written
  grpc::Status status_;
  bool closing_ = false;
};

class AgentService final : public v1::Agent::CallbackService {
 public:
  AgentService(any_io_executor loop, Coordinator& coordinator)
      : loop_(std::move(loop)), coordinator_(coordinator) {}

 private:
  grpc::ServerUnaryReactor* Challenge(grpc::CallbackServerContext* context,
                                      const v1::ChallengeRequest*,
                                      v1::ChallengeResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, response] {
      *response = coordinator_.enrolments().challenge();
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const v1::EnrollRequest* request,
                                   v1::EnrollResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, request, response, caller = caller_of(*context)] {
      auto done = [reactor, response](Result<v1::EnrollResponse> answer) {
        if (!answer) return reactor->Finish(to_status(answer.error()));
        response->Swap(&*answer);
        reactor->Finish(grpc::Status::OK);
      };
      coordinator_.enrolments().enroll(*request, caller, std::move(done));
    });
    return reactor;
  }

  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Session(
      grpc::CallbackServerContext* context) override {
    const auto session = std::make_shared<SessionReactor>(loop_, coordinator_, context);
    session->begin();
    return session.get();
  }

  any_io_executor loop_;
  Coordinator& coordinator_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_agent_service(any_io_executor loop, Coordinator& coordinator) {
  return std::make_unique<AgentService>(std::move(loop), coordinator);
}

}  // namespace kagent::coordinator
