// The way to the Kubernetes API of a control plane: found, watched, left.
#include "agent/common/base/file.hpp"
#include "agent/common/base/liveness.hpp"
#include "agent/common/base/log.hpp"
#include "agent/kagentd/agent.hpp"
#include "agent/kagentd/kubernetes/kubeconfig.hpp"
#include "agent/kagentd/kubernetes/nodes.hpp"
#include "agent/kagentd/kubernetes/signer.hpp"
#include "agent/kagentd/kubernetes/tokens.hpp"
#include "agent/kagentd/report/report.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// The Mint is still answered in time.
constexpr auto signer_limit = liveness::mint_timeout - 5s;

asio::awaitable<void> look_for_signer(std::shared_ptr<kubernetes::Client> client,
                                      std::function<void()> signing) {
  co_await kubernetes::await_signer(std::move(client), signer_limit);
  signing();
}

asio::awaitable<void> watch_kubernetes(std::shared_ptr<kubernetes::Client> client,
                                       std::function<void(std::vector<v1::KubernetesNode>)> seen,
                                       std::function<void(kubernetes::Verdict)> judged,
                                       std::function<void()> signing) {
  using namespace asio::experimental::awaitable_operators;
  co_await (kubernetes::watch_nodes(client, std::move(seen)) &&
            kubernetes::approve_nodes(client, std::move(judged)) &&
            look_for_signer(client, std::move(signing)));
}

}  // namespace

// Read again whenever noded has looked at it: after another init it leads elsewhere.
void Agent::look_for_kubernetes() {
  const auto text = read_file(options_.kubeconfig);
  if (!text) return log::warning("{}: {}", options_.kubeconfig.string(), text.error().message());
  if (kubernetes_ && *text == kubeconfig_) return;
  auto access = kubernetes::parse_kubeconfig(*text);
  if (!access)
    return log::warning("{}: {}", options_.kubeconfig.string(), access.error().message());
  if (kubernetes_) log::info("another way to the Kubernetes API: the old one is left");
  stop_watching();
  kubeconfig_ = *text;
  kubernetes_ = std::make_shared<kubernetes::Client>(io_, std::move(*access));
  auto seen = [this](std::vector<v1::KubernetesNode> nodes) {
    kubernetes_nodes_ = std::move(nodes);
    send_kubernetes_nodes();
  };
  auto judged = [this](const kubernetes::Verdict& verdict) { send_verdict(verdict); };
  auto signing = [this] {
    may_mint_ = true;
    for (const auto& [node, order] : std::exchange(early_orders_, {})) take_order(order);
  };
  watching_ = std::make_shared<asio::cancellation_signal>();
  asio::co_spawn(
      io_, watch_kubernetes(kubernetes_, std::move(seen), std::move(judged), std::move(signing)),
      asio::bind_cancellation_slot(watching_->slot(),
                                   [watching = watching_](const std::exception_ptr&) {}));
}

void Agent::stop_watching() {
  may_mint_ = false;
  if (const auto watching = std::exchange(watching_, nullptr))
    watching->emit(asio::cancellation_type::terminal);
}

void Agent::send_kubernetes_nodes() {
  if (kubernetes_nodes_.empty()) return;
  v1::AgentMessage message;
  for (const auto& node : kubernetes_nodes_)
    *message.mutable_kubernetes_nodes()->add_nodes() = node;
  session_.send(std::move(message));
}

void Agent::send_verdict(const kubernetes::Verdict& verdict) {
  if (verdict.refusal.empty())
    log::info("approved the certificate request {} of {}", verdict.request, verdict.node);
  else
    log::warning("left the certificate request {} of {} pending: {}", verdict.request, verdict.node,
                 verdict.refusal);
  v1::AgentMessage message;
  v1::NodeCertificate& told = *message.mutable_node_certificate();
  told.set_request(verdict.request);
  told.set_node_name(wire_text(verdict.node));
  told.set_refusal(wire_text(verdict.refusal));
  // For the audit log, which no absence may leave a gap in.
  if (session_.up())
    session_.send(std::move(message));
  else
    verdicts_.keep(std::move(message));
}

// Asked as soon as init is done: the way to the API is there a moment later, and the signer of what
// nodes will ask for after that.
void Agent::take_order(const v1::Mint& order) {
  if (may_mint_)
    asio::co_spawn(io_, mint(order), asio::detached);
  else
    early_orders_[order.node_id()] = order;
}

asio::awaitable<void> Agent::revoke(std::string token_id) {
  if (!kubernetes_) co_return;
  auto revoked = co_await kubernetes::revoke_token(kubernetes_, token_id);
  if (!revoked)
    log::warning("bootstrap token {} could not be deleted: {}; it expires by itself", token_id,
                 revoked.error().message());
}

}  // namespace kagent::kagentd
