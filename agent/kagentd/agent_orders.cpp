// What the coordinator asks of this node for others, and for administrators.
#include "agent/common/base/log.hpp"
#include "agent/kagentd/agent.hpp"
#include "agent/kagentd/kubernetes/drain.hpp"
#include "agent/kagentd/kubernetes/tokens.hpp"
#include "agent/kagentd/report/report.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

// A gRPC message is at most 1 MiB.
constexpr std::size_t longest_log = 512 << 10;

const Error no_access(Errc::failed_precondition,
                      "this node has no access to the Kubernetes API yet");

// The newest lines that fit, oldest first.
void put_lines(const std::vector<std::string>& lines, v1::LogReply& reply) {
  std::size_t first = lines.size();
  for (std::size_t bytes = 0; first > 0; --first) {
    bytes += lines[first - 1].size() + 1;
    if (bytes > longest_log) break;
  }
  for (; first < lines.size(); ++first) reply.add_lines(wire_text(lines[first]));
}

template <class Reply>
void fail(Reply& reply, Cause cause, const Error& error) {
  reply.mutable_failure()->set_cause(std::string(cause.id()));
  reply.mutable_failure()->set_message(wire_text(error.message()));
}

}  // namespace

// What a further control plane opens the certificates with; for a worker nothing.
asio::awaitable<Result<std::string>> Agent::certificate_key(v1::Mint order) {
  if (!order.control_plane()) co_return std::string();
  std::string envelope = order.upload_order().SerializeAsString();
  auto accepted = co_await node_->submit(std::move(envelope));
  if (!accepted) co_return accepted.error().context("the upload order");
  co_return co_await node_->upload_certificates();
}

asio::awaitable<void> Agent::mint(v1::Mint order) {
  v1::AgentMessage message;
  v1::MintReply& reply = *message.mutable_mint_reply();
  reply.set_request(order.request());
  Result<kubernetes::Minted> minted = no_access;
  kubernetes::TokenFor node{order.node_id(), order.node_name(), order.control_plane()};
  auto key = co_await certificate_key(order);
  if (!key)
    minted = key.error();
  else if (kubernetes_)
    minted = co_await kubernetes::mint_token(kubernetes_, std::move(node),
                                             std::chrono::seconds(order.ttl_seconds()));
  if (minted) {
    log::info("made a bootstrap token for {}", order.node_name());
    reply.set_bootstrap_token(minted->token);
    reply.set_certificate_key(*key);
    *reply.mutable_expires_at() = timestamp(minted->expires_at);
  } else {
    log::warning("no bootstrap token for {}: {}", order.node_name(), minted.error().message());
    fail(reply, "grant.mint-failed", minted.error());
  }
  session_.send(std::move(message));
}

asio::awaitable<void> Agent::issue_kubeconfig(std::uint64_t serial) {
  auto issued = co_await node_->issue_kubeconfig();
  v1::AgentMessage message;
  v1::KubeconfigReply& reply = *message.mutable_kubeconfig_reply();
  reply.set_serial(serial);
  if (issued) {
    reply.set_api_server(issued->api_server);
    reply.set_ca_certificates(issued->ca_pem);
    reply.set_certificate(issued->certificate_pem);
  } else {
    reply.set_error(wire_text(issued.error().message()));
  }
  session_.send(std::move(message));
}

void Agent::send_drain_state(std::uint64_t request, const kubernetes::DrainState& state) {
  v1::AgentMessage message;
  v1::DrainReply& reply = *message.mutable_drain_reply();
  reply.set_request(request);
  for (const std::string& pod : state.pods) reply.add_pods(wire_text(pod));
  for (const std::string& pod : state.staying) reply.add_staying(wire_text(pod));
  session_.send(std::move(message));
}

asio::awaitable<void> Agent::drain(v1::Drain order) {
  const std::uint64_t request = order.request();
  const std::string name = order.node_name();
  Result<> drained = no_access;
  if (kubernetes_) {
    if (!order.plan()) {
      drains_[name] = request;
      log::info("draining {}, for {} s at most", name, order.limit_seconds());
    }
    kubernetes::DrainOrder wish;
    wish.node = name;
    wish.limit = std::chrono::seconds(order.limit_seconds());
    wish.plan = order.plan();
    wish.force = order.force();
    std::function<void(const kubernetes::DrainState&)> progress =
        [this, request](const kubernetes::DrainState& state) { send_drain_state(request, state); };
    std::function<bool()> wanted = [this, name, request] { return drains_[name] == request; };
    if (order.plan()) wanted = [] { return true; };
    drained = co_await kubernetes::drain(kubernetes_, std::move(wish), std::move(progress),
                                         std::move(wanted));
  }
  if (!drained && drained.error().code() == Errc::cancelled) co_return;
  if (!drained) log::warning("{} is not drained: {}", name, drained.error().message());
  // A plan's one state has said it all.
  if (order.plan() && drained) co_return;
  v1::AgentMessage message;
  v1::DrainReply& reply = *message.mutable_drain_reply();
  reply.set_request(request);
  reply.set_done(drained.has_value());
  if (!drained) fail(reply, "drain.failed", drained.error());
  session_.send(std::move(message));
}

// The etcd member first: a lost one counts against the quorum for as long as it is in.
asio::awaitable<Result<>> Agent::take_out(v1::Unregister order) {
  if (!kubernetes_) co_return no_access;
  if (order.has_etcd_member_order()) {
    std::string envelope = order.etcd_member_order().SerializeAsString();
    auto accepted = co_await node_->submit(std::move(envelope));
    if (!accepted) co_return accepted.error().context("the etcd member order");
    auto removed = co_await node_->remove_etcd_member();
    if (!removed) co_return removed.error().context("etcd");
  }
  co_return co_await kubernetes::delete_node(kubernetes_, order.node_name());
}

asio::awaitable<void> Agent::unregister(v1::Unregister order) {
  auto gone = co_await take_out(order);
  v1::AgentMessage message;
  v1::UnregisterReply& reply = *message.mutable_unregister_reply();
  reply.set_request(order.request());
  if (gone)
    log::info("the Node {} is deleted", order.node_name());
  else
    fail(reply, "unregister.failed", gone.error());
  session_.send(std::move(message));
}

asio::awaitable<void> Agent::plan_reset(std::uint64_t request) {
  auto changes = co_await node_->plan_reset();
  v1::AgentMessage message;
  v1::ResetPlan& plan = *message.mutable_reset_plan();
  plan.set_request(request);
  if (!changes) {
    plan.set_error(wire_text(changes.error().message()));
  } else {
    for (const std::string& change : *changes) plan.add_changes(wire_text(change));
  }
  session_.send(std::move(message));
}

asio::awaitable<void> Agent::read_log(v1::LogRequest request) {
  auto lines = co_await node_->read_log(request.step(), request.lines());
  v1::AgentMessage message;
  v1::LogReply& reply = *message.mutable_log_reply();
  reply.set_request(request.request());
  if (!lines)
    reply.set_error(wire_text(lines.error().message()));
  else
    put_lines(*lines, reply);
  session_.send(std::move(message));
}

}  // namespace kagent::kagentd
