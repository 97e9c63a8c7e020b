#include "agent/common/trust/ca_pin.hpp"
#include "coordinator/authority/ca_files.hpp"
#include "coordinator/core/state.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using std::chrono::system_clock;

TEST_CASE("The CA is replaced, and user-data of before goes on being good") {
  RunningCoordinator coordinator;
  const std::string before = coordinator.ca_sha256();
  const std::string token = coordinator.token();
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(token).ok());

  REQUIRE(replace_ca(coordinator.state(), 48h));
  coordinator.stop();
  coordinator.start();
  REQUIRE(coordinator.ca_sha256() != before);
  CHECK(coordinator.token() == token);

  SECTION("a node that is there follows, comes with its old certificate and gets a new one") {
    CHECK_FALSE(node.enrol("").ok());  // it does not know this CA yet
    node.follow_ca();
    node.open();
    CHECK(node.next_envelope());
    CHECK(node.enrol("").ok());
  }
  SECTION("one with the old line enrols, as does one with the new") {
    FakeNode old_line(coordinator, "i-2", before);
    REQUIRE(old_line.enrol(token).ok());
    old_line.open();
    CHECK(old_line.next_envelope());
    FakeNode new_line(coordinator, "i-3");
    REQUIRE(new_line.enrol(token).ok());
    new_line.open();
    CHECK(new_line.next_envelope());
  }
  SECTION("replaced once more, the first line leads there all the same") {
    REQUIRE(replace_ca(coordinator.state(), 48h));
    coordinator.stop();
    coordinator.start();
    FakeNode old_line(coordinator, "i-2", before);
    CHECK(old_line.enrol(token).ok());
  }
}

TEST_CASE("A CA that is not to be trusted any more is replaced without a word for the next") {
  RunningCoordinator coordinator;
  const std::string before = coordinator.ca_sha256();
  const std::string token = coordinator.token();
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(token).ok());
  REQUIRE(replace_ca(coordinator.state(), 0h));
  coordinator.stop();
  coordinator.start();
  CHECK_THROWS(coordinator.ca_pem(before));
  node.follow_ca(coordinator.ca_sha256());
  CHECK_FALSE(node.enrol("").ok());  // with a certificate of the CA before
  node.use_certificate("");
  CHECK(node.enrol(token).ok());
}

TEST_CASE("A replacement that is cut off anywhere is finished by the next start") {
  const TemporaryFolder folder;
  const auto now = system_clock::now();
  const std::string first = open_state(folder.path(), {}, now)->authority.ca_sha256;
  REQUIRE(replace_ca(folder.path(), 48h));
  const auto next = std::filesystem::path(folder / "ca-next.pem");
  std::filesystem::copy(next, folder / "kept");
  CHECK_FALSE(issue_admin(folder.path(), "admin"));  // of which CA?
  const std::string second = open_state(folder.path(), {}, now)->authority.ca_sha256;
  CHECK(second != first);
  CHECK_FALSE(std::filesystem::exists(next));
  CHECK(issue_admin(folder.path(), "admin"));

  // As if the machine had died before the last file of it was gone.
  std::filesystem::copy(folder / "kept", next);
  const auto again = open_state(folder.path(), {}, now);
  REQUIRE(again);
  CHECK(again->authority.ca_sha256 == second);
  CHECK(again->authority.pins == std::vector{second, first});
  // The time is over.
  CHECK(open_state(folder.path(), {}, now + 49h)->authority.pins == std::vector{second});
}

TEST_CASE("A CA is replaced where there is one, and vouched for in reason") {
  const TemporaryFolder folder;
  CHECK(replace_ca(folder.path(), 24h).error().code() == Errc::not_found);
  REQUIRE(open_state(folder.path(), {}, system_clock::now()));
  CHECK(replace_ca(folder.path(), -1h).error().code() == Errc::invalid_argument);
  CHECK(replace_ca(folder.path(), 24h * 4000).error().code() == Errc::invalid_argument);
}
