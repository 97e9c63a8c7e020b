#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fstream>

using namespace kagent;
using namespace kagent::coordinator;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
namespace fs = std::filesystem;

namespace {

// A node that has a certificate and an Assignment.
std::uint64_t enrol(FakeNode& node, const RunningCoordinator& coordinator) {
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open();
  const auto assignment = node.next_envelope();
  REQUIRE(assignment);
  REQUIRE(node.close().ok());
  return assignment->serial();
}

}  // namespace

TEST_CASE("F8 A store that was put back from an older copy is refused") {
  RunningCoordinator coordinator;
  FakeNode first(coordinator, "i-1"), second(coordinator, "i-2");
  enrol(first, coordinator);
  coordinator.stop();
  const fs::path copy = coordinator.folder() / "copy";
  fs::copy(coordinator.state() / "store.db", copy);
  coordinator.start();
  enrol(second, coordinator);
  coordinator.stop();
  fs::rename(coordinator.state() / "store.db", coordinator.folder() / "newest");
  fs::copy(copy, coordinator.state() / "store.db");
  for (int again = 0; again < 2; ++again)
    CHECK_THROWS_MATCHES(
        coordinator.start(), std::runtime_error,
        MessageMatches(ContainsSubstring("older copy") && ContainsSubstring("RESTORING")));
  // It was not touched, and the newest one is taken.
  fs::rename(coordinator.folder() / "newest", coordinator.state() / "store.db");
  coordinator.start();
  second.open();
  CHECK(second.next(v1::CoordinatorMessage::kWelcome));
}

TEST_CASE("F8 A whole folder from an older copy is found out by a certificate, and by no lie") {
  RunningCoordinator coordinator;
  FakeNode first(coordinator, "i-1"), second(coordinator, "i-2");
  const std::uint64_t serial = enrol(first, coordinator);
  coordinator.stop();
  const fs::path copy = coordinator.folder() / "copy";
  fs::copy(coordinator.state(), copy, fs::copy_options::recursive);
  coordinator.start();
  enrol(second, coordinator);
  coordinator.stop();
  fs::remove_all(coordinator.state());
  fs::rename(copy, coordinator.state());
  coordinator.expect_fatal();
  coordinator.start();

  // What a node says of numbers is shown, and brings nothing down.
  first.open(serial + 1000);
  REQUIRE(first.next(v1::CoordinatorMessage::kWelcome));
  const auto client = administrator(coordinator);
  REQUIRE(first.next_envelope());
  CHECK_THAT(client->get_node("i-1")->reason(), ContainsSubstring("older copy"));
  CHECK_FALSE(coordinator.fatal());

  second.open();
  CHECK(second.close().error_code() == grpc::StatusCode::DATA_LOSS);
  REQUIRE(coordinator.fatal());
  CHECK_THAT(*coordinator.fatal(), ContainsSubstring("i-2") && ContainsSubstring("RESTORING"));
  coordinator.stop();
  for (int again = 0; again < 2; ++again)
    CHECK_THROWS_MATCHES(coordinator.start(), std::runtime_error,
                         MessageMatches(ContainsSubstring("older copy")));

  // There is no newer copy: an administrator says so.
  std::ofstream(coordinator.state() / "accept-rollback").flush();
  coordinator.start();
  first.open(serial);
  const auto order = first.next_envelope();
  REQUIRE(order);
  CHECK(order->serial() > 1000 + serial);
  second.open();
  CHECK(second.close().error_code() == grpc::StatusCode::UNAUTHENTICATED);
  REQUIRE(second.enrol(coordinator.token()).ok());
  second.open();
  CHECK(second.next(v1::CoordinatorMessage::kWelcome));
  coordinator.stop();
  CHECK_NOTHROW(coordinator.start());
}
