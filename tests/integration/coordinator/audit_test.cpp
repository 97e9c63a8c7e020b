#include "coordinator/core/audit.hpp"
#include "agent/common/base/file.hpp"
#include "agent/common/config/node_config.hpp"
#include "coordinator/admission/peer.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <sstream>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::vector<json> lines_of(const std::filesystem::path& file) {
  std::istringstream text(read_file(file).value());
  std::vector<json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

json last(const RunningCoordinator& coordinator) {
  return lines_of(coordinator.folder() / "audit.jsonl").back();
}

}  // namespace

TEST_CASE("T18 Every decision is in the audit log when its answer comes, and no secret is") {
  RunningCoordinator coordinator;
  const auto client = administrator(coordinator);
  FakeNode node(coordinator, "i-1"), thief(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  json line = last(coordinator);
  CHECK(line["audit"] == "enrol");
  CHECK(line["outcome"] == "granted");
  CHECK(line["node"] == "i-1");
  CHECK(line["key"] == node.key_sha256());
  CHECK(line["token"] == "user-data");
  CHECK(line["address"].get<std::string>().starts_with("ipv4:127.0.0.1:"));

  CHECK_FALSE(thief.enrol(coordinator.token()).ok());
  line = last(coordinator);
  CHECK(line["outcome"] == "refused");
  CHECK(line["key"] == thief.key_sha256());
  CHECK(line["reason"].get<std::string>().find("another key") != std::string::npos);

  REQUIRE(node.enrol("").ok());
  CHECK(last(coordinator)["audit"] == "renew");
  v1::CreateTokenRequest request;
  request.set_lifetime_seconds(60);
  const auto created = client->create_token(request);
  REQUIRE(created);
  CHECK(last(coordinator)["audit"] == "token-create");
  CHECK(last(coordinator)["token"] == created->token().id());
  CHECK(last(coordinator)["actor"] == "admin socket");
  REQUIRE(client->forget_node("i-1", ""));
  CHECK(last(coordinator)["audit"] == "forget");
  REQUIRE(client->user_data(true));
  CHECK(last(coordinator)["audit"] == "user-data");

  ctl::Endpoint as_node;
  as_node.coordinator = coordinator.user_data(false);
  REQUIRE(write_file_atomic(coordinator.folder() / "n.crt", node.certificate(), 0600));
  REQUIRE(write_file_atomic(coordinator.folder() / "n.key", node.key_pem(), 0600));
  as_node.certificate = coordinator.folder() / "n.crt";
  as_node.key = coordinator.folder() / "n.key";
  CHECK((*ctl::connect(as_node))->leave_node({}).error().code() == Errc::permission_denied);
  line = last(coordinator);
  CHECK(line["audit"] == "administration");
  CHECK(line["outcome"] == "refused");
  CHECK(line["actor"] == "i-1");
  CHECK(line["call"] == "LeaveNode");

  const std::string text = read_file(coordinator.folder() / "audit.jsonl").value();
  CHECK(text.find(coordinator.token()) == std::string::npos);
  const std::string token = config::parse_coordinator_url(created->user_data()).value().token;
  CHECK(text.find(token.substr(token.find('.') + 1)) == std::string::npos);
}

TEST_CASE("T18 What is not done is not in the log as granted") {
  RunningCoordinator coordinator;
  const auto client = administrator(coordinator);
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const auto is_refused = [&](const std::string& event) {
    const json line = last(coordinator);
    return line["audit"] == event && line["outcome"] == "refused" && !line["reason"].empty();
  };
  CHECK_FALSE(client->rejoin_node("i-1"));  // it has not left
  CHECK(is_refused("rejoin"));
  CHECK_FALSE(client->drop_token("0123abcd"));
  CHECK(is_refused("token-revoke"));
}

TEST_CASE("T18 Who is made a control plane, and another policy of enrolment, are in the log") {
  RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1"), worker(coordinator, "i-2");
  const auto lines_with = [&](const std::string& event) {
    std::vector<json> found;
    for (json& line : lines_of(coordinator.folder() / "audit.jsonl"))
      if (line["audit"] == event) found.push_back(std::move(line));
    return found;
  };
  for (FakeNode* each : {&node, &worker}) {
    REQUIRE(each->enrol(coordinator.token()).ok());
    each->open();
    REQUIRE(each->next_envelope());
  }
  const auto roles = lines_with("role");
  REQUIRE(roles.size() == 1);
  CHECK(roles[0]["node"] == "i-1");
  CHECK(roles[0]["role"] == "control-plane");
  coordinator.write_config("ignorePreflightErrors: [Mem]\n");
  REQUIRE(coordinator.reload());
  CHECK(lines_with("enrolment-policy").empty());
  coordinator.write_config("enrolment: {attestation: approve, withoutToken: true}\n");
  REQUIRE(coordinator.reload());
  const auto policies = lines_with("enrolment-policy");
  REQUIRE(policies.size() == 1);
  CHECK(policies[0]["policy"].get<std::string>().find("approve") != std::string::npos);
}

TEST_CASE("T17 Who knocks a thousand times gets two lines a minute, with the number") {
  const TemporaryFolder folder;
  auto audit = Audit::open(folder / "audit.jsonl");
  REQUIRE(audit);
  Now now{std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
  Caller caller;
  for (int i = 0; i < 1000; ++i) {
    caller.address = "ipv4:10.0.0.7:" + std::to_string(1024 + i);
    AuditEntry entry("enrol", caller);
    entry.reason = "no \"token\"\n{}";
    CHECK(audit->refused(entry, now) == (i == 0));
  }
  CHECK(lines_of(folder / "audit.jsonl").size() == 1);
  now.steady += 61s;
  audit->flush(now);
  const auto lines = lines_of(folder / "audit.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(lines[1]["times"] == 999);
  CHECK(lines[1]["reason"] == "no \"token\"\n{}");
  for (int i = 0; i < 10'000; ++i) {
    caller.address = "ipv4:10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1";
    (void)audit->refused(AuditEntry("enrol", caller), now);
  }
  CHECK(lines_of(folder / "audit.jsonl").size() < 300);
}

TEST_CASE("What cannot be written into the audit log is not granted") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / "link");
  CHECK_FALSE(Audit::open(folder / "link"));  // nobody leads it elsewhere
  auto audit = Audit::open("/dev/full");
  REQUIRE(audit);
  const Now now{};
  CHECK_FALSE(audit->granted(AuditEntry("enrol", Caller()), now));
}
