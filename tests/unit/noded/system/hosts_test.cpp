#include "agent/noded/machine/machine.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::noded;
using machine::with_own_name;

namespace {

constexpr char localhost[] = "127.0.0.1 localhost\n";
constexpr char line[] = "10.0.0.7 node-7 # kagent: this node's own name\n";

// A machine with an address that should have the name node-7.
struct Named : Machine {
  Named() {
    write("/run/kagent-imds/local-hostname", "node-7\n");
    context->node.set_node_ip("10.0.0.7");
  }
};

}  // namespace

TEST_CASE("hosts: /etc/hosts resolves the node's name, without a name server") {
  CHECK(with_own_name(localhost, "10.0.0.7", "node-7") == std::string(localhost) + line);
  CHECK(with_own_name("", "10.0.0.7", "node-7.vpc.internal") ==
        "10.0.0.7 node-7.vpc.internal node-7 # kagent: this node's own name\n");
  CHECK(with_own_name("127.0.0.1 localhost", "10.0.0.7", "node-7") ==
        std::string(localhost) + line);
  const auto once = with_own_name(localhost, "10.0.0.7", "node-7");
  CHECK(with_own_name(once, "10.0.0.7", "node-7") == once);
}

TEST_CASE("hosts: another line with the name stays and is sufficient") {
  const std::string others = "127.0.1.1\tnode-7.example.org node-7\n";
  CHECK(with_own_name(others, "10.0.0.7", "node-7") == others);
  CHECK(with_own_name(line + others, "10.0.0.7", "node-7") == others);
  CHECK(with_own_name(others + line, "10.0.0.7", "node-7") == others);
  const std::string comment = "# 10.0.0.7 node-7\n10.0.0.8 node-70\n";
  CHECK(with_own_name(comment, "10.0.0.7", "node-7") == comment + line);
}

TEST_CASE("hosts: another address or name replaces our line, wherever the line is") {
  const auto copied = std::string("10.0.0.1 builder # kagent: this node's own name\n") + localhost;
  CHECK(with_own_name(copied, "10.0.0.7", "node-7") == std::string(localhost) + line);
}

TEST_CASE("hosts: the line is written once, and not without an address") {
  Named node;
  auto step = make_hosts();
  node.write("/etc/hosts", localhost);
  CHECK(node.check(*step) == std::vector<std::string>{"say in /etc/hosts that node-7 is 10.0.0.7"});
  CHECK(node.read("/etc/hosts") == localhost);
  CHECK(node.apply(*step).ok());
  CHECK(node.read("/etc/hosts") == std::string(localhost) + line);
  CHECK(node.check(*step).empty());

  node.context->node.clear_node_ip();
  node.write("/etc/hosts", localhost);
  CHECK(node.check(*step).empty());
  CHECK(node.apply(*step).ok());
  CHECK(node.read("/etc/hosts") == localhost);
}
