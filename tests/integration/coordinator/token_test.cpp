#include "agent/common/base/file.hpp"
#include "agent/common/config/node_config.hpp"
#include "coordinator/admission/tokens.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

v1::CreateTokenRequest wish(const std::string& role = "") {
  v1::CreateTokenRequest request;
  request.set_lifetime_seconds(600);
  request.set_role(role);
  return request;
}

std::string token_in(const v1::CreateTokenResponse& created) {
  return config::parse_coordinator_url(created.user_data()).value().token;
}

constexpr auto unauthenticated = grpc::StatusCode::UNAUTHENTICATED;

}  // namespace

TEST_CASE("A token lets in as many nodes as it is for, and they outlive it") {
  RunningCoordinator coordinator;
  auto client = administrator(coordinator);
  v1::CreateTokenRequest two = wish();
  two.set_uses(2);
  const auto created = client->create_token(two);
  REQUIRE(created);
  const std::string token = token_in(*created);
  FakeNode first(coordinator, "i-1"), second(coordinator, "i-2"), third(coordinator, "i-3");
  CHECK(first.enrol(token).ok());
  CHECK(first.enrol(token).ok());  // the same node: no use spent
  coordinator.stop();
  coordinator.start();
  client = administrator(coordinator);
  CHECK(second.enrol(token).ok());
  const grpc::Status late = third.enrol(token);
  CHECK(late.error_code() == unauthenticated);
  CHECK(late.error_message().find("used up") != std::string::npos);

  REQUIRE(client->drop_token(created->token().id()));
  CHECK(client->drop_token(created->token().id()).error().code() == Errc::not_found);
  CHECK(first.enrol("").ok());
}

TEST_CASE("A revoked token, or a part of one, lets nobody in") {
  RunningCoordinator coordinator;
  const auto client = administrator(coordinator);
  const auto created = client->create_token(wish());
  REQUIRE(created);
  const std::string token = token_in(*created);
  FakeNode node(coordinator, "i-1");
  CHECK(node.enrol(created->token().id()).error_code() == unauthenticated);
  CHECK(node.enrol(created->token().id() + ".").error_code() == unauthenticated);
  CHECK(node.enrol(token + "0").error_code() == unauthenticated);
  CHECK(node.enrol(token.substr(0, token.size() - 1)).error_code() == unauthenticated);
  REQUIRE(client->drop_token(created->token().id()));
  CHECK(node.enrol(token).error_code() == unauthenticated);

  const std::string before = coordinator.token();
  REQUIRE(client->drop_token("user-data"));
  CHECK(coordinator.token() != before);
  CHECK(node.enrol(before).error_code() == unauthenticated);
  coordinator.stop();
  coordinator.start();
  CHECK(node.enrol(before).error_code() == unauthenticated);
  CHECK(node.enrol(coordinator.token()).ok());
}

TEST_CASE("T8 A node is what its token says, whatever it asks for") {
  RunningCoordinator coordinator;
  const auto created = administrator(coordinator)->create_token(wish("worker"));
  REQUIRE(created);
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(token_in(*created)).ok());
  coordinator.stop();
  coordinator.start();
  node.open_as("control-plane");
  const auto payload = node.next_envelope();
  REQUIRE(payload);
  CHECK(payload->assignment().role() == "worker");
  CHECK_FALSE(payload->assignment().init());
}

TEST_CASE("T13 Who reads the coordinator's disk finds no token that was made") {
  RunningCoordinator coordinator;
  const auto created = administrator(coordinator)->create_token(wish());
  REQUIRE(created);
  const std::string token = token_in(*created);
  const std::string secret = token.substr(token.find('.') + 1);
  REQUIRE(secret.size() == 40);
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(token).ok());
  unsigned files = 0, with_id = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(coordinator.state())) {
    if (!entry.is_regular_file()) continue;
    const auto content = read_file(entry.path(), 64 << 20);
    REQUIRE(content);
    ++files;
    if (content->find(created->token().id()) != std::string::npos) ++with_id;
    CHECK(content->find(secret) == std::string::npos);
    CHECK((std::filesystem::status(entry.path()).permissions() &
           (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
          std::filesystem::perms::none);
  }
  CHECK(files >= 6);
  CHECK(with_id >= 1);  // it was looked for where it would be
}

TEST_CASE("A token's end is by the clock, and senseless ones are not made") {
  const Now now{std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
  Tokens tokens({}, {});
  const auto created = tokens.create({10min, {}, WantedRole::automatic, "me"}, now);
  REQUIRE(created);
  CHECK(tokens.find(created->token, {now.steady, now.wall + 599s}));
  CHECK_FALSE(tokens.find(created->token, {now.steady, now.wall + 600s}));
  CHECK_FALSE(tokens.create({0s, {}, WantedRole::automatic, "me"}, now));
  CHECK_FALSE(tokens.create({24h * 366, {}, WantedRole::automatic, "me"}, now));
  CHECK_FALSE(tokens.create({10min, 0, WantedRole::automatic, "me"}, now));
  for (std::size_t i = 1; i < Tokens::most; ++i)
    REQUIRE(tokens.create({10min, {}, WantedRole::automatic, "me"}, now));
  CHECK(tokens.create({10min, {}, WantedRole::automatic, "me"}, now).error().code() ==
        Errc::resource_exhausted);
  CHECK(tokens.create({10min, {}, WantedRole::automatic, "me"}, {now.steady, now.wall + 600s}));
}
