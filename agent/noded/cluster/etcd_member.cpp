#include "agent/noded/cluster/etcd_member.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kagent::noded {
namespace asio = boost::asio;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr char manifest[] = "/etc/kubernetes/manifests/etcd.yaml";

asio::awaitable<Result<std::string>> crictl(ContextPtr context, std::string what,
                                            Command::Argv words) {
  Command::Argv argv{"crictl", "--runtime-endpoint", cri_endpoint(*context)};
  argv.insert(argv.end(), words.begin(), words.end());
  const std::string unit = unit_name("etcd-member", what);
  Command command = Command::capturing(unit, std::move(argv), 15s);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  if (run->ok()) co_return std::move(run->output);
  const Outcome ended = co_await unit_failed(*run, "etcd-member.failed", "", "");
  const auto& journal = ended.failure->journal;
  const std::string last = journal.empty() ? run->result : journal.back();
  co_return Error(Errc::unavailable, fmt::format("{} (journalctl -u {})", last, unit));
}

// Uses the certificate that kubeadm makes and uses for health checks of etcd.
Command::Argv etcdctl(const std::string& container, std::initializer_list<const char*> words) {
  Command::Argv argv{"exec",
                     container,
                     "etcdctl",
                     "--endpoints=https://127.0.0.1:2379",
                     "--cacert=/etc/kubernetes/pki/etcd/ca.crt",
                     "--cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt",
                     "--key=/etc/kubernetes/pki/etcd/healthcheck-client.key",
                     "member"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

bool is_at(const std::string& url, std::string_view address) {
  return url.find(fmt::format("//{}:", address)) != std::string::npos ||
         url.find(fmt::format("//[{}]:", address)) != std::string::npos;
}

}  // namespace

Result<std::optional<std::string>> member_id(std::string_view list, std::string_view name,
                                             std::string_view address) {
  try {
    const json document = json::parse(list);
    for (const json& member : document.at("members")) {
      const auto its_name = member.value("name", "");
      bool found = its_name == name;
      if (its_name.empty() && !address.empty())
        for (const auto& url : member.value("peerURLs", std::vector<std::string>{}))
          found = found || is_at(url, address);
      if (found) return std::optional(fmt::format("{:x}", member.at("ID").get<std::uint64_t>()));
    }
    return std::optional<std::string>{};
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("etcdctl's list of members: ") + error.what());
  }
}

asio::awaitable<Result<>> remove_etcd_member(ContextPtr context, v1::EtcdMemberOrder order) {
  if (!context->control_plane())
    co_return Error(Errc::failed_precondition, "this node is no control plane");
  const auto own = registration_of(*context);
  if (!own) co_return own.error();
  if (own->name == order.node_name())
    co_return Error(Errc::failed_precondition, "etcd's own member goes with `kubeadm reset` only");
  if (!context->exists(manifest)) co_return Result<>{};  // the operator's own, external etcd

  Command::Argv ps{"ps", "--name", "^etcd$", "--state", "Running", "-q"};
  auto containers = co_await crictl(context, "container", std::move(ps));
  if (!containers) co_return containers.error().context("looking for etcd's container");
  const std::string container = containers->substr(0, containers->find('\n'));
  if (container.empty()) co_return Error(Errc::unavailable, "etcd does not run on this node");
  Command::Argv ask = etcdctl(container, {"list", "-w", "json"});
  auto members = co_await crictl(context, "list", std::move(ask));
  if (!members) co_return members.error().context("asking for etcd's members");
  const auto id = member_id(*members, order.node_name(), order.address());
  if (!id) co_return id.error();
  if (!*id) co_return Result<>{};
  Command::Argv take = etcdctl(container, {"remove", (*id)->c_str()});
  auto removed = co_await crictl(context, "remove", std::move(take));
  if (!removed) co_return removed.error().context("taking etcd's member out");
  log::info("etcd's member {} ({}) is taken out", order.node_name(), **id);
  co_return Result<>{};
}

}  // namespace kagent::noded
