#include "agent/kagentd/cluster_orders.hpp"

#include "agent/common/base/log.hpp"
#include "agent/kagentd/kubernetes/tokens.hpp"
#include "agent/kagentd/report/report.hpp"

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

const Error no_access(Errc::failed_precondition,
                      "this node has no access to the Kubernetes API yet");

template <class Reply>
void fail(Reply& reply, const std::string& cause, const Error& error) {
  reply.mutable_failure()->set_cause(cause);
  reply.mutable_failure()->set_message(wire_text(error.message()));
}

}  // namespace

ClusterOrders::ClusterOrders(Tasks& tasks, Link& link, NodeClient& node,
                             const KubernetesAccess& kubernetes)
    : tasks_(tasks), link_(link), node_(node), kubernetes_(kubernetes) {}

void ClusterOrders::mint(const v1::Mint& order) {
  if (kubernetes_.may_mint())
    tasks_.start(mint_now(order));
  else
    early_mints_[order.node_id()] = order;
}

void ClusterOrders::signing() {
  for (const auto& [node, order] : std::exchange(early_mints_, {})) mint(order);
}

void ClusterOrders::forget() {
  early_mints_.clear();
}

void ClusterOrders::revoke(std::string token_id) {
  tasks_.start(revoke_now(std::move(token_id)));
}

void ClusterOrders::drain(v1::Drain order) {
  tasks_.start(drain_now(std::move(order)));
}

void ClusterOrders::unregister(v1::Unregister order) {
  tasks_.start(unregister_now(std::move(order)));
}

asio::awaitable<void> ClusterOrders::mint_now(v1::Mint order) {
  v1::AgentMessage message;
  v1::MintReply& reply = *message.mutable_mint_reply();
  reply.set_request(order.request());
  Result<kubernetes::Minted> minted = no_access;
  kubernetes::TokenFor node{order.node_id(), order.node_name(), order.control_plane()};
  auto key = co_await certificate_key(order);
  if (!key)
    minted = key.error();
  else if (kubernetes_.client())
    minted = co_await kubernetes::mint_token(kubernetes_.client(), std::move(node),
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
  link_.send(std::move(message));
}

// The key that opens the uploaded certificates. A worker gets none.
asio::awaitable<Result<std::string>> ClusterOrders::certificate_key(v1::Mint order) {
  if (!order.control_plane()) co_return std::string();
  std::string envelope = order.upload_order().SerializeAsString();
  auto delivered = co_await node_.deliver(std::move(envelope));
  if (!delivered) co_return delivered.error().context("the upload order");
  if (auto* const upload = std::get_if<UploadOrder>(&*delivered)) co_return upload->certificate_key;
  co_return Error(Errc::protocol, "the upload order is an envelope of another kind");
}

asio::awaitable<void> ClusterOrders::revoke_now(std::string token_id) {
  if (!kubernetes_.client()) co_return;
  auto revoked = co_await kubernetes::revoke_token(kubernetes_.client(), token_id);
  if (!revoked)
    log::warning("bootstrap token {} could not be deleted: {}; it expires by itself", token_id,
                 revoked.error().message());
}

void ClusterOrders::send_drain_state(std::uint64_t request, const kubernetes::DrainState& state) {
  v1::AgentMessage message;
  v1::DrainReply& reply = *message.mutable_drain_reply();
  reply.set_request(request);
  for (const std::string& pod : state.pods) reply.add_pods(wire_text(pod));
  for (const std::string& pod : state.staying) reply.add_staying(wire_text(pod));
  link_.send(std::move(message));
}

asio::awaitable<Result<>> ClusterOrders::drain_node(v1::Drain order) {
  if (!kubernetes_.client()) co_return no_access;
  const std::uint64_t request = order.request();
  const std::string name = order.node_name();
  kubernetes::DrainOrder wish;
  wish.node = name;
  wish.limit = std::chrono::seconds(order.limit_seconds());
  wish.plan = order.plan();
  wish.force = order.force();
  std::function<void(const kubernetes::DrainState&)> progress =
      [this, request](const kubernetes::DrainState& state) { send_drain_state(request, state); };
  std::function<bool()> wanted = [] { return true; };
  if (!order.plan()) {
    log::info("draining {}, for {} s at most", name, order.limit_seconds());
    drains_[name] = request;
    wanted = [this, name, request] { return drains_[name] == request; };
  }
  co_return co_await kubernetes::drain(kubernetes_.client(), std::move(wish), std::move(progress),
                                       std::move(wanted));
}

asio::awaitable<void> ClusterOrders::drain_now(v1::Drain order) {
  auto drained = co_await drain_node(order);
  if (!drained && drained.error().code() == Errc::cancelled) co_return;
  if (!drained) log::warning("{} is not drained: {}", order.node_name(), drained.error().message());
  // The reply with the state of a plan is the whole answer.
  if (order.plan() && drained) co_return;
  v1::AgentMessage message;
  v1::DrainReply& reply = *message.mutable_drain_reply();
  reply.set_request(order.request());
  reply.set_done(drained.has_value());
  if (!drained) fail(reply, "drain.failed", drained.error());
  link_.send(std::move(message));
}

// The etcd member goes first: a lost member counts against the quorum until it is removed.
asio::awaitable<Result<>> ClusterOrders::take_out(v1::Unregister order) {
  const auto client = kubernetes_.client();
  if (!client) co_return no_access;
  if (order.has_etcd_member_order()) {
    std::string envelope = order.etcd_member_order().SerializeAsString();
    auto delivered = co_await node_.deliver(std::move(envelope));
    if (!delivered) co_return delivered.error().context("the etcd member order");
    const auto* const member = std::get_if<EtcdMemberOrder>(&*delivered);
    if (member == nullptr)
      co_return Error(Errc::protocol, "the etcd member order is an envelope of another kind");
    if (!member->removed) co_return member->removed.error().context("etcd");
  }
  co_return co_await kubernetes::delete_node(client, order.node_name());
}

asio::awaitable<void> ClusterOrders::unregister_now(v1::Unregister order) {
  auto gone = co_await take_out(order);
  v1::AgentMessage message;
  v1::UnregisterReply& reply = *message.mutable_unregister_reply();
  reply.set_request(order.request());
  if (gone)
    log::info("the Node {} is deleted", order.node_name());
  else
    fail(reply, "unregister.failed", gone.error());
  link_.send(std::move(message));
}

}  // namespace kagent::kagentd
