#include "tests/bench/sessions/fleet.hpp"

#include "agent/common/base/liveness.hpp"
#include "agent/common/rpc/channel.hpp"
#include "agent/common/rpc/client_stream.hpp"
#include "kagent/v1/agent.grpc.pb.h"

#include <grpcpp/channel.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <stdexcept>

namespace kagent::bench {
namespace {

using Stream = rpc::ClientStream<v1::AgentMessage, v1::CoordinatorMessage>;

constexpr std::chrono::seconds patience{120};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

}  // namespace

struct Fleet::Node {
  std::string id;
  pki::Key key;
  std::string key_pem, certificate;
  std::unique_ptr<v1::Agent::Stub> stub;
  std::shared_ptr<Stream> stream;
  bool assigned = false;
  Clock::time_point granted{};
};

class Fleet::Impl {
 public:
  Impl(std::string address, std::string ca_pem, std::string token, std::size_t nodes)
      : address_(std::move(address)), ca_pem_(std::move(ca_pem)), token_(std::move(token)) {
    for (std::size_t i = 0; i < nodes; ++i) {
      auto node = std::make_unique<Node>();
      node->id = "bench-" + std::to_string(i);
      node->key = must(pki::generate_key());
      node->key_pem = must(pki::key_to_pem(node->key));
      nodes_.push_back(std::move(node));
    }
    beat();
  }
  ~Impl() {
    for (const auto& node : nodes_)
      if (node->stream) node->stream->abandon();
    loop_.restart();
    loop_.run_for(std::chrono::milliseconds(200));
  }

  void enrol();
  void open_sessions();
  void wait_to_join();
  std::vector<std::chrono::microseconds> grant_all();
  void idle(std::chrono::seconds time) {
    const auto until = Clock::now() + time;
    run_until([until] { return Clock::now() >= until; }, "idling");
  }

 private:
  template <class Done>
  void run_until(Done done, const char* what) {
    const auto deadline = Clock::now() + patience;
    while (!done()) {
      if (Clock::now() > deadline || !problem_.empty())
        throw std::runtime_error(std::string(what) + ": " + problem_);
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
  }
  void open(Node& node);
  void received(Node& node, const v1::CoordinatorMessage& message);
  void say(Node& node, const std::string& step, v1::StepState state);
  void beat();

  std::string address_, ca_pem_, token_;
  boost::asio::io_context loop_{1};
  boost::asio::steady_timer heartbeat_{loop_};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::size_t assigned_ = 0, granted_ = 0;
  std::uint64_t beats_ = 0;
  std::string problem_;
};

void Fleet::Impl::enrol() {
  const auto channel =
      rpc::make_channel({address_, ca_pem_, {}, {}, std::string(pki::coordinator_server_name)});
  const auto stub = v1::Agent::NewStub(channel);
  for (const auto& node : nodes_) {
    v1::EnrollRequest request;
    request.set_token(token_);
    request.set_node_id(node->id);
    request.set_csr(must(pki::make_csr(node->key, node->id)));
    v1::EnrollResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub->Enroll(&context, request, &response);
    if (!status.ok()) throw std::runtime_error(status.error_message());
    node->certificate = response.certificate();
  }
}

void Fleet::Impl::open(Node& node) {
  node.stub =
      v1::Agent::NewStub(rpc::make_channel({address_, ca_pem_, node.certificate, node.key_pem,
                                            std::string(pki::coordinator_server_name)}));
  Stream::Handlers handlers;
  handlers.message = [this, &node](v1::CoordinatorMessage message) { received(node, message); };
  handlers.ended = [this, &node](const Error& error) {
    problem_ = node.id + ": " + error.message();
  };
  node.stream = std::make_shared<Stream>(loop_.get_executor(), std::move(handlers));
  node.stream->start([&node](grpc::ClientContext* context, Stream* reactor) {
    node.stub->async()->Session(context, reactor);
  });
  v1::AgentMessage message;
  message.mutable_hello()->set_protocol(1);
  message.mutable_hello()->mutable_report()->mutable_facts()->set_node_name(node.id);
  node.stream->send(std::move(message));
}

void Fleet::Impl::open_sessions() {
  // The control plane first: who comes first is it.
  open(*nodes_.front());
  run_until([this] { return assigned_ == 1; }, "the first session");
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    open(*nodes_[i]);
    loop_.restart();
    loop_.poll();  // heartbeats of those that are there
  }
  run_until([this] { return assigned_ == nodes_.size(); }, "the sessions");
}

void Fleet::Impl::received(Node& node, const v1::CoordinatorMessage& message) {
  if (message.has_mint()) {
    v1::AgentMessage answer;
    v1::MintReply& reply = *answer.mutable_mint_reply();
    reply.set_request(message.mint().request());
    reply.set_bootstrap_token("abcdef." + pki::random_hex(8));
    const auto expires = std::chrono::system_clock::now() + std::chrono::minutes(10);
    reply.mutable_expires_at()->set_seconds(std::chrono::system_clock::to_time_t(expires));
    node.stream->send(std::move(answer));
  } else if (message.has_envelope()) {
    // The first is the Assignment, the second the grant.
    if (!std::exchange(node.assigned, true)) {
      ++assigned_;
    } else if (node.granted == Clock::time_point{}) {
      node.granted = Clock::now();
      ++granted_;
    }
  }
}

void Fleet::Impl::say(Node& node, const std::string& step, v1::StepState state) {
  v1::AgentMessage message;
  message.mutable_report()->mutable_facts()->set_node_name(node.id);
  v1::StepStatus& status = *message.mutable_report()->add_steps();
  status.set_name(step);
  status.set_state(state);
  node.stream->send(std::move(message));
}

void Fleet::Impl::wait_to_join() {
  for (std::size_t i = 1; i < nodes_.size(); ++i) say(*nodes_[i], "join", v1::STEP_STATE_WAITING);
  idle(std::chrono::seconds(3));
}

std::vector<std::chrono::microseconds> Fleet::Impl::grant_all() {
  Node& control_plane = *nodes_.front();
  say(control_plane, "init", v1::STEP_STATE_DONE);
  v1::AgentMessage message;
  message.mutable_cluster_ready()->set_api_server("127.0.0.1:6443");
  message.mutable_cluster_ready()->set_ca_certificates(ca_pem_);
  message.mutable_cluster_ready()->set_lease_fence(1);
  const auto from = Clock::now();
  control_plane.stream->send(std::move(message));
  v1::AgentMessage nodes;
  nodes.mutable_kubernetes_nodes()->add_nodes()->set_name(control_plane.id);
  control_plane.stream->send(std::move(nodes));
  run_until([this] { return granted_ == nodes_.size() - 1; }, "the grants");
  std::vector<std::chrono::microseconds> took;
  for (std::size_t i = 1; i < nodes_.size(); ++i)
    took.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(nodes_[i]->granted - from));
  return took;
}

void Fleet::Impl::beat() {
  // A tenth of the fleet at a time, as nodes that started at different moments would.
  constexpr int parts = 10;
  heartbeat_.expires_after(liveness::heartbeat_every / parts);
  heartbeat_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    const std::uint64_t sequence = ++beats_;
    for (std::size_t i = sequence % parts; i < nodes_.size(); i += parts) {
      if (!nodes_[i]->assigned) continue;
      v1::AgentMessage message;
      message.mutable_heartbeat()->set_sequence(sequence);
      nodes_[i]->stream->send(std::move(message));
    }
    beat();
  });
}

Fleet::Fleet(std::string address, std::string ca_pem, std::string token, std::size_t nodes)
    : impl_(
          std::make_unique<Impl>(std::move(address), std::move(ca_pem), std::move(token), nodes)) {}
Fleet::~Fleet() = default;
void Fleet::enrol() {
  impl_->enrol();
}
void Fleet::open_sessions() {
  impl_->open_sessions();
}
void Fleet::wait_to_join() {
  impl_->wait_to_join();
}
std::vector<std::chrono::microseconds> Fleet::grant_all() {
  return impl_->grant_all();
}
void Fleet::idle(std::chrono::seconds time) {
  impl_->idle(time);
}

}  // namespace kagent::bench
