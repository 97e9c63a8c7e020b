#include "agent/common/dbus/error.hpp"
#include "coordinator/ctl/client/local_node.hpp"
#include "tests/integration/dbus/private_bus.hpp"
#include "tests/support/result.hpp"

#include <sdbus-c++/sdbus-c++.h>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>

using namespace kagent;

namespace {

using Steps = std::vector<sdbus::Struct<std::string, std::string, std::vector<std::string>>>;

// A stand-in for kagent-noded, on a private bus that is the system bus of this test.
class OnBus {
 public:
  explicit OnBus(bool refuses) {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", bus_.address().c_str(), 1);
    connection_ = sdbus::createSystemBusConnection("io.kagent.Node1");
    noded_ = sdbus::createObject(*connection_, "/io/kagent/Node1");
    noded_->registerMethod("Plan").onInterface("io.kagent.Node1").implementedAs([refuses] {
      if (refuses) throw dbus::to_dbus(Error(Errc::permission_denied, "not you"));
      return Steps{{"swap", "needed", {"turn off /dev/sda2"}}, {"sysctl", "done", {}}};
    });
    noded_->finishRegistration();
    connection_->enterEventLoopAsync();
  }
  ~OnBus() { connection_->leaveEventLoop(); }
  OnBus(const OnBus&) = delete;
  OnBus& operator=(const OnBus&) = delete;

 private:
  testing::PrivateBus bus_;
  std::unique_ptr<sdbus::IConnection> connection_;
  std::unique_ptr<sdbus::IObject> noded_;
};

}  // namespace

TEST_CASE("The plan of this node comes from kagent-noded over D-Bus") {
  const OnBus noded(false);
  const auto steps = ctl::plan_of_this_node();
  REQUIRE(steps);
  REQUIRE(steps->size() == 2);
  CHECK((*steps)[0].name == "swap");
  CHECK((*steps)[0].state == "needed");
  CHECK((*steps)[0].changes == std::vector<std::string>{"turn off /dev/sda2"});
}

TEST_CASE("A caller who may not ask kagent-noded is told to be root") {
  const OnBus noded(true);
  const auto steps = ctl::plan_of_this_node();
  REQUIRE_FALSE(steps);
  CHECK(steps.error().code() == Errc::permission_denied);
  CHECK(steps.error().message().find("as root") != std::string::npos);
}

TEST_CASE("Without kagent-noded the plan says what to look at") {
  const testing::PrivateBus bus;
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address().c_str(), 1);
  const auto steps = ctl::plan_of_this_node();
  REQUIRE_FALSE(steps);
  CHECK(steps.error().code() == Errc::unavailable);
  CHECK(steps.error().message().find("is this a kagent node?") != std::string::npos);
}
