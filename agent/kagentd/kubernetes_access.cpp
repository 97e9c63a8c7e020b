#include "agent/kagentd/kubernetes_access.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/liveness.hpp"
#include "agent/common/base/log.hpp"
#include "agent/kagentd/kubernetes/kubeconfig.hpp"
#include "agent/kagentd/kubernetes/nodes.hpp"
#include "agent/kagentd/kubernetes/signer.hpp"
#include "agent/kagentd/report/report.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// Leaves time to answer a Mint that arrived first.
constexpr auto signer_limit = liveness::mint_timeout - 5s;

asio::awaitable<void> await_signer(std::shared_ptr<kubernetes::Client> client,
                                   std::function<void()> signing) {
  co_await kubernetes::await_signer(std::move(client), signer_limit);
  signing();
}

}  // namespace

KubernetesAccess::KubernetesAccess(asio::io_context& io, Tasks& tasks, Link& link,
                                   std::filesystem::path kubeconfig, std::function<void()> signing)
    : io_(io),
      tasks_(tasks),
      link_(link),
      file_(std::move(kubeconfig)),
      signing_(std::move(signing)) {}

void KubernetesAccess::look() {
  const auto text = read_file(file_);
  if (!text) return log::warning("{}: {}", file_.string(), text.error().message());
  if (client_ && *text == kubeconfig_) return;
  auto access = kubernetes::parse_kubeconfig(*text);
  if (!access) return log::warning("{}: {}", file_.string(), access.error().message());
  if (client_) log::info("the kubeconfig leads to another Kubernetes API");
  stop_watching();
  kubeconfig_ = *text;
  client_ = std::make_shared<kubernetes::Client>(io_, std::move(*access));
  left_ = std::make_shared<Event>(io_.get_executor());
  tasks_.start(watch(client_, left_));
}

asio::awaitable<void> KubernetesAccess::watch(std::shared_ptr<kubernetes::Client> client,
                                              std::shared_ptr<Event> left) {
  using namespace asio::experimental::awaitable_operators;
  std::function<void(std::vector<v1::KubernetesNode>)> seen =
      [this](std::vector<v1::KubernetesNode> nodes) {
        nodes_ = std::move(nodes);
        send_nodes();
      };
  std::function<void(kubernetes::Verdict)> judged = [this](const kubernetes::Verdict& verdict) {
    send_verdict(verdict);
  };
  std::function<void()> signing = [this] {
    may_mint_ = true;
    signing_();
  };
  co_await ((kubernetes::watch_nodes(client, std::move(seen)) &&
             kubernetes::approve_nodes(client, tasks_, std::move(judged)) &&
             await_signer(client, std::move(signing))) ||
            left->wait());
}

void KubernetesAccess::leave() {
  stop_watching();
  client_.reset();
  kubeconfig_.clear();
  nodes_.clear();
}

void KubernetesAccess::stop_watching() {
  may_mint_ = false;
  if (const auto left = std::exchange(left_, nullptr)) left->set();
}

void KubernetesAccess::connected() {
  send_nodes();
  for (v1::AgentMessage& verdict : verdicts_.take()) link_.send(std::move(verdict));
}

void KubernetesAccess::send_nodes() {
  if (nodes_.empty()) return;
  v1::AgentMessage message;
  for (const auto& node : nodes_) *message.mutable_kubernetes_nodes()->add_nodes() = node;
  link_.send(std::move(message));
}

void KubernetesAccess::send_verdict(const kubernetes::Verdict& verdict) {
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
  // The audit log must have no gap.
  if (link_.up())
    link_.send(std::move(message));
  else
    verdicts_.keep(std::move(message));
}

}  // namespace kagent::kagentd
