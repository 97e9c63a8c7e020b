#include "agent/noded/network/balancer_config.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/stat.h>

#include <algorithm>

using namespace kagent;
using namespace kagent::noded;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr char config_path[] = "/etc/kagent/haproxy.cfg";

struct Balanced : Machine {
  Balanced() {
    context->cluster.set_local_balancer_port(8443);
    context->assignment.emplace();
    units->units["kagent-balancer.service"] = {"not-found", "inactive", "dead", "", "", {}};
    write("/usr/sbin/haproxy", "");
    ::chmod(context->at("/usr/sbin/haproxy").c_str(), 0755);
  }
  void has(std::initializer_list<const char*> servers) const {
    context->assignment->clear_api_servers();
    for (const char* server : servers) context->assignment->add_api_servers(server);
  }
  void runs() const {
    units->units["kagent-balancer.service"] = {"loaded", "active", "running", "enabled", "", {}};
    units->calls.clear();
  }
  [[nodiscard]] bool called(const std::string& call) const {
    return std::ranges::find(units->calls, call) != units->calls.end();
  }
};

}  // namespace

TEST_CASE("haproxy.cfg forwards loopback to the API servers that report ready") {
  const auto text = balancer_config(8443, {"10.0.0.1:6443", "[fd00::1]:6443"});
  CHECK_THAT(text, ContainsSubstring("bind 127.0.0.1:8443\n"));
  CHECK_THAT(text, ContainsSubstring("option httpchk GET /readyz\n"));
  CHECK_THAT(text, ContainsSubstring("    server 10.0.0.1:6443 10.0.0.1:6443\n"));
  CHECK_THAT(text, ContainsSubstring("    server fd00::1:6443 [fd00::1]:6443\n"));
}

TEST_CASE("a balancer waits until the coordinator knows an API server") {
  Balanced machine;
  auto step = make_balancer();
  CHECK(machine.check(*step).size() == 1);
  CHECK(machine.apply(*step).cause() == "balancer.no-servers");
  CHECK_FALSE(machine.context->exists(config_path));
}

TEST_CASE("T16 only IP addresses with ports get into haproxy.cfg") {
  Balanced machine;
  auto step = make_balancer();
  machine.runs();
  machine.has({"10.0.0.1:6443\n    server evil 10.9.9.9:6443", "evil:6443",
               "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:+1", "fd00::1:6443",
               "[10.0.0.1]:6443", "10.0.0.1"});
  CHECK(machine.apply(*step).cause() == "balancer.no-servers");
  machine.has({"10.0.0.2:6443", "10.0.0.1:6443 backup\n    mode http", "[fd00::2]:6443"});
  CHECK(machine.apply(*step).ok());
  const std::string text = machine.read(config_path);
  CHECK_THAT(text, ContainsSubstring("server 10.0.0.2:6443 10.0.0.2:6443\n"));
  CHECK_THAT(text, ContainsSubstring("server fd00::2:6443 [fd00::2]:6443\n"));
  CHECK_THAT(text, !ContainsSubstring("10.0.0.1"));
}

TEST_CASE("without HAProxy, the balancer step says how to install it") {
  Balanced machine;
  auto step = make_balancer();
  machine.has({"10.0.0.1:6443"});
  std::filesystem::remove(machine.context->at("/usr/sbin/haproxy"));
  CHECK(machine.apply(*step).cause() == "balancer.program-missing");
  machine.context->cluster.mutable_packages()->set_mode("install");
  CHECK(machine.check(*step).back() ==
        "enable and start kagent-balancer, once HAProxy is installed");
}

TEST_CASE("a balancer is stopped if the cluster has an endpoint of its own") {
  Balanced machine;
  auto step = make_balancer();
  machine.context->cluster.clear_local_balancer_port();
  CHECK(machine.check(*step).empty());
  machine.runs();
  CHECK(machine.check(*step).size() == 1);
  CHECK(machine.apply(*step).ok());
  CHECK(machine.called("stop kagent-balancer.service"));
}

TEST_CASE(
    "another API server causes a reload, which drops no connection; the same ones change nothing") {
  Balanced machine;
  auto step = make_balancer();
  machine.runs();
  machine.has({"10.0.0.1:6443"});
  CHECK_FALSE(machine.check(*step).empty());
  CHECK(machine.apply(*step).ok());
  CHECK(machine.called("reload kagent-balancer.service"));
  machine.runs();
  CHECK(machine.check(*step).empty());
  machine.has({"10.0.0.1:6443", "10.0.0.2:6443"});
  CHECK(machine.apply(*step).ok());
  CHECK_THAT(machine.read(config_path), ContainsSubstring("10.0.0.2:6443"));
  CHECK(machine.called("reload kagent-balancer.service"));
  CHECK_FALSE(machine.called("restart kagent-balancer.service"));
  machine.runs();
  CHECK(machine.check(*step).empty());
}
