#include "agent/kagentd/local_requests.hpp"

#include "agent/kagentd/report/report.hpp"

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

// A gRPC message is at most 1 MiB.
constexpr std::size_t longest_log = 512 << 10;

// The newest lines that fit, oldest first.
void put_lines(const std::vector<std::string>& lines, v1::LogReply& reply) {
  std::size_t first = lines.size();
  for (std::size_t bytes = 0; first > 0; --first) {
    bytes += lines[first - 1].size() + 1;
    if (bytes > longest_log) break;
  }
  for (; first < lines.size(); ++first) reply.add_lines(wire_text(lines[first]));
}

}  // namespace

LocalRequests::LocalRequests(Tasks& tasks, Link& link, NodeClient& node)
    : tasks_(tasks), link_(link), node_(node) {}

void LocalRequests::plan_reset(std::uint64_t request) {
  tasks_.start(answer_plan(request));
}

void LocalRequests::read_log(v1::LogRequest request) {
  tasks_.start(answer_log(std::move(request)));
}

void LocalRequests::send_kubeconfig(const KubeconfigOrder& order) {
  v1::AgentMessage message;
  v1::KubeconfigReply& reply = *message.mutable_kubeconfig_reply();
  reply.set_serial(order.serial);
  if (order.kubeconfig) {
    reply.set_api_server(order.kubeconfig->api_server);
    reply.set_ca_certificates(order.kubeconfig->ca_pem);
    reply.set_certificate(order.kubeconfig->certificate_pem);
  } else {
    reply.set_error(wire_text(order.kubeconfig.error().message()));
  }
  link_.send(std::move(message));
}

asio::awaitable<void> LocalRequests::answer_plan(std::uint64_t request) {
  auto changes = co_await node_.plan_reset();
  v1::AgentMessage message;
  v1::ResetPlan& plan = *message.mutable_reset_plan();
  plan.set_request(request);
  if (!changes) {
    plan.set_error(wire_text(changes.error().message()));
  } else {
    for (const std::string& change : *changes) plan.add_changes(wire_text(change));
  }
  link_.send(std::move(message));
}

asio::awaitable<void> LocalRequests::answer_log(v1::LogRequest request) {
  auto lines = co_await node_.read_log(request.step(), request.lines());
  v1::AgentMessage message;
  v1::LogReply& reply = *message.mutable_log_reply();
  reply.set_request(request.request());
  if (!lines)
    reply.set_error(wire_text(lines.error().message()));
  else
    put_lines(*lines, reply);
  link_.send(std::move(message));
}

}  // namespace kagent::kagentd
