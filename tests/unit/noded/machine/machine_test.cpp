#include "agent/noded/machine/machine.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent::noded {

TEST_CASE("The first of EC2's names is the node's") {
  CHECK(machine::hostname_from("ip-10-0-0-1.a.com b.com\n") == "ip-10-0-0-1.a.com");
  CHECK(machine::hostname_from("IP-10-0-0-1.Example.com") == "ip-10-0-0-1.example.com");
  CHECK(machine::hostname_from(" \n").empty());
}

}  // namespace kagent::noded
