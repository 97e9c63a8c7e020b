// Several coordinators over one etcd.
#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/authority/ca_files.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/etcd_server.hpp"
#include "tests/support/result.hpp"
#include "tests/support/service_process.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <csignal>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
namespace fs = std::filesystem;

namespace {

// One etcd for this program, one folder in it for each test.
EtcdAddress new_store() {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  static const EtcdServer server;
  EtcdAddress address;
  address.url = server.url(pki::random_hex(8));
  return address;
}

// As if the time of its lease had run out.
void end_lease(const EtcdAddress& store) {
  const auto options = parse_etcd_address(store).value();
  etcd::Client client(options);
  const auto found = client.range(etcd::get(options.prefix + "/leader"));
  REQUIRE(found);
  REQUIRE(found->kvs().size() == 1);
  REQUIRE(client.revoke(found->kvs(0).lease(), 2s));
}

auto refuses(const std::string& why) {
  return MessageMatches(ContainsSubstring(why));
}

}  // namespace

TEST_CASE("When the active coordinator ends, another serves all that it knew") {
  const EtcdAddress store = new_store();
  RunningCoordinator first(store);
  REQUIRE(first.serving());
  RunningCoordinator second(store, &first);
  CHECK_FALSE(second.serving());
  CHECK(second.get("/healthz").status == 200);
  CHECK(second.get("/readyz").status == 503);
  CHECK_THAT(second.get("/metrics").body, ContainsSubstring("\nkagent_active 0\n"));
  CHECK(second.get("/api/nodes.json").status == 200);
  CHECK(second.reload());
  CHECK(first.get("/readyz").status == 200);

  FakeNode node(first, "i-1");
  REQUIRE(node.enrol(first.token()).ok());
  node.open();
  const auto assignment = node.next_envelope();
  REQUIRE(assignment);
  CHECK(assignment->assignment().init());
  const std::string token = first.token();
  const std::string user_data = first.user_data(false);
  first.stop();

  second.wait_until_serving();
  CHECK(second.get("/readyz").status == 200);
  CHECK_THAT(second.get("/metrics").body, ContainsSubstring("\nkagent_active 1\n"));
  CHECK_THAT(second.get("/api/nodes.json").body, ContainsSubstring("\"i-1\""));
  CHECK(second.token() == token);
  // The node is known, by the key it had and with the role it had; it need not enrol.
  node.go_to(second);
  node.open();
  const auto again = node.next_envelope();
  REQUIRE(again);
  CHECK(again->assignment().init());
  CHECK(again->serial() > assignment->serial());
  CHECK(again->cluster_id() == assignment->cluster_id());
  FakeNode thief(second, "i-1");
  CHECK(thief.enrol(token).error_code() == grpc::StatusCode::ALREADY_EXISTS);
  FakeNode other(second, "i-2");
  CHECK(other.enrol(token).ok());

  // And back.
  first.start();
  CHECK_FALSE(first.serving());
  second.stop();
  first.wait_until_serving();
  CHECK_THAT(first.get("/api/nodes.json").body, ContainsSubstring("\"i-2\""));
}

TEST_CASE("A coordinator that has lost the lease says so and ends; until then it writes nothing") {
  const EtcdAddress store = new_store();
  RunningCoordinator first(store);
  RunningCoordinator second(store, &first);
  FakeNode node(first, "i-1");
  REQUIRE(node.enrol(first.token()).ok());
  v1::CreateTokenRequest wish;
  wish.set_lifetime_seconds(600);
  const auto client = administrator(first);
  REQUIRE(client->create_token(wish));
  end_lease(store);
  // It does not know yet, perhaps.
  CHECK_FALSE(client->create_token(wish));
  CHECK_THAT(first.wait_for_fatal(), ContainsSubstring("another coordinator is the active one") ||
                                         ContainsSubstring("the lease in etcd has ended"));
  second.wait_until_serving();
  CHECK_THAT(second.get("/api/nodes.json").body, ContainsSubstring("\"i-1\""));
  CHECK(administrator(second)->list_tokens()->tokens_size() == 2);  // that, and user-data's
}

TEST_CASE("A coordinator whose files are not those of the store is refused, and changes nothing") {
  const EtcdAddress store = new_store();
  RunningCoordinator first(store);
  const RunningCoordinator stranger;  // of another cluster
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  fs::create_directory(state);
  Options options;
  options.listen = "127.0.0.1:0";
  options.http = "";
  options.admin_socket = "";
  options.state = state;
  options.store = store;
  std::string said = "copy cluster-id, ca.crt, ca.key";
  SECTION("it has none") {}
  SECTION("it has no CA") {
    fs::copy(first.state() / "cluster-id", state);
  }
  SECTION("they are another cluster's") {
    for (const char* name : {"cluster-id", "ca.crt", "ca.key"})
      fs::copy(stranger.state() / name, state);
  }
  SECTION("the CA is another cluster's") {
    fs::copy(first.state() / "cluster-id", state);
    for (const char* name : {"ca.crt", "ca.key"}) fs::copy(stranger.state() / name, state);
    said = "that of the store sha256:" + first.ca_sha256();
  }
  boost::asio::io_context loop;
  const auto before = std::distance(fs::directory_iterator(state), fs::directory_iterator());
  const auto started = start_process(loop.get_executor(), options, {[](const Error&) {}, {}});
  REQUIRE_FALSE(started);
  CHECK(started.error().code() == Errc::data_loss);
  CHECK_THAT(started.error().message(), ContainsSubstring(said));
  CHECK(std::distance(fs::directory_iterator(state), fs::directory_iterator()) == before);
}

TEST_CASE("F8 A coordinator does not begin anew in an etcd that has lost its store") {
  const EtcdAddress store = new_store();
  RunningCoordinator first(store);
  first.stop();
  const auto options = parse_etcd_address(store).value();
  etcd::Client client(options);
  etcd::pb::TxnRequest request;
  auto& erased = *request.add_success()->mutable_request_delete_range();
  erased.set_key(options.prefix + "/");
  erased.set_range_end(etcd::end_of(options.prefix + "/"));
  REQUIRE(client.txn(request));
  ProcessEvents events;
  boost::asio::io_context loop;
  std::string why;
  events.fatal = [&](const Error& error) {
    why = error.message();
    loop.stop();
  };
  Options process;
  process.http = "";
  process.state = first.state();
  process.store = store;
  const auto started = start_process(loop.get_executor(), process, std::move(events));
  REQUIRE(started);
  loop.run_for(20s);
  CHECK_THAT(why,
             ContainsSubstring("there is a CA, but the store") && ContainsSubstring("missing"));
  CHECK(client.range(etcd::get(options.prefix + "/kept/cluster"))->kvs().empty());
  loop.restart();
  (*started)->stop([] {});
  loop.run();
}

TEST_CASE("F8 An etcd that was put back from an older copy is refused, until it is accepted") {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  EtcdServer server;
  EtcdAddress store;
  store.url = server.url("kagent");
  RunningCoordinator coordinator(store);
  FakeNode first(coordinator, "i-1"), second(coordinator, "i-2");
  REQUIRE(first.enrol(coordinator.token()).ok());
  coordinator.stop();
  const TemporaryFolder folder;
  server.kill();
  fs::copy(server.data(), folder / "copy", fs::copy_options::recursive);
  server.start();
  coordinator.start();
  REQUIRE(second.enrol(coordinator.token()).ok());
  coordinator.stop();
  server.kill();
  fs::remove_all(server.data());
  fs::copy(folder / "copy", server.data(), fs::copy_options::recursive);
  server.start();
  coordinator.start(false);
  CHECK_THAT(coordinator.wait_for_fatal(),
             ContainsSubstring("older copy") && ContainsSubstring("RESTORING"));
  coordinator.stop();
  REQUIRE(write_file_atomic(coordinator.state() / "accept-rollback", "", 0600));
  coordinator.start();
  REQUIRE(coordinator.serving());
  CHECK_THAT(coordinator.get("/api/nodes.json").body,
             ContainsSubstring("\"i-1\"") && !ContainsSubstring("\"i-2\""));
}

TEST_CASE("The CA is replaced where there are several coordinators") {
  const EtcdAddress store = new_store();
  RunningCoordinator first(store);
  const std::string before = first.ca_sha256();
  const std::string token = first.token();
  RunningCoordinator second(store, &first);
  REQUIRE(replace_ca(first.state(), 0h));  // nobody vouches for it: the store follows all the same
  SECTION("its file is copied before anything is restarted") {
    fs::copy(first.state() / "ca-next.pem", second.state());
    first.stop();
    second.wait_until_serving();
    CHECK(second.ca_sha256() != before);
    first.start();
    CHECK_FALSE(first.serving());
    const std::string after = second.ca_sha256();
    second.stop();
    first.wait_until_serving();
    CHECK(first.ca_sha256() == after);
    FakeNode node(first, "i-1");
    CHECK(node.enrol(token).ok());
  }
  SECTION("it was forgotten: who has the old CA does not come into force again") {
    second.stop();
    first.stop();
    first.start();
    REQUIRE(first.serving());
    CHECK_THROWS_MATCHES(second.start(), std::runtime_error, refuses("copy cluster-id, ca.crt"));
  }
}

TEST_CASE("A token of user-data that was revoked does not come back with another coordinator") {
  const EtcdAddress store = new_store();
  RunningCoordinator first(store);
  RunningCoordinator second(store, &first);
  const std::string revoked = first.token();
  REQUIRE(administrator(first)->drop_token("user-data"));
  const std::string token = first.token();
  REQUIRE(token != revoked);
  first.stop();
  second.wait_until_serving();
  FakeNode node(second, "i-1");
  CHECK_FALSE(node.enrol(revoked).ok());
  CHECK(node.enrol(token).ok());
  // It has not got the token in force, and says so.
  CHECK_THAT(second.user_data(true), !ContainsSubstring("token="));
  const auto line = administrator(second)->user_data(true);
  REQUIRE_FALSE(line);
  CHECK_THAT(line.error().message(), ContainsSubstring("renewed on another coordinator"));
  REQUIRE(administrator(second)->drop_token("user-data"));
  CHECK(administrator(second)->user_data(true));
}

TEST_CASE("systemd hears who serves and who stands by, and starts anew who has lost the lease") {
  const EtcdAddress store = new_store();
  const TemporaryFolder folder;
  const auto start = [&](const std::string& name) {
    return std::make_unique<ServiceProcess>(std::vector<std::string>{
        KAGENT_COORDINATOR, "--listen", "127.0.0.1:0", "--http", "", "--admin-socket", "",
        "--advertise", "127.0.0.1", "--config", folder / "cluster.yaml", "--state", folder / name,
        "--store", store.url});
  };
  fs::create_directory(folder / "first");
  auto first = start("first");
  first->wait_for("READY=1\nSTATUS=listening on ");
  fs::create_directory(folder / "second");
  for (const char* name : {"cluster-id", "ca.key", "ca.crt", "enrolment-token"})
    fs::copy(folder / "first" / name, folder / "second");
  auto second = start("second");
  second->wait_for("READY=1\nSTATUS=standing by: ");

  SECTION("a clean stop hands over") {
    first->signal(SIGTERM);
    CHECK(first->wait() == 0);
    second->wait_for("STATUS=listening on ");
  }
  SECTION("so does the end of the lease") {
    end_lease(store);
    CHECK(first->wait() == 1);
    CHECK_THAT(first->log(), ContainsSubstring("the lease in etcd has ended; stopping"));
    second->wait_for("STATUS=listening on ");
    first = start("first");
    first->wait_for("STATUS=standing by: ");
  }
  SECTION("who stands by ends cleanly, too") {
    second->signal(SIGTERM);
    CHECK(second->wait() == 0);
  }
}
