#include "coordinator/admission/limits.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/admission/claims.hpp"
#include "coordinator/admission/connections.hpp"
#include "kagent/v1/agent.grpc.pb.h"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/integration/coordinator/relay.hpp"
#include "tests/integration/coordinator/tls_peer.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <catch2/catch_test_macros.hpp>

#include <thread>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

using Tcp = boost::asio::ip::tcp;

std::uint16_t port_of(const RunningCoordinator& coordinator) {
  const std::string address = coordinator.address();
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

// What /metrics shows is half a second old at most.
bool comes_to(const RunningCoordinator& coordinator, const std::string& line) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline)
    if (coordinator.get("/metrics").body.find("\n" + line + "\n") != std::string::npos) return true;
  return false;
}

std::unique_ptr<v1::Agent::Stub> stub_to(const RunningCoordinator& coordinator,
                                         std::uint16_t port) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = coordinator.ca_pem();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(std::string(pki::coordinator_server_name));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::Agent::NewStub(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                                      grpc::SslCredentials(options), arguments));
}

}  // namespace

TEST_CASE("T17 While one address floods, another enrols") {
  RunningCoordinator coordinator;
  const Relay elsewhere("127.0.0.2", port_of(coordinator));
  std::atomic<int> unknown = 0, throttled = 0, answered = 0;
  std::atomic<bool> stop = false;
  const auto flood = [&] {
    const auto stub = stub_to(coordinator, elsewhere.port());
    for (int i = 0; i < 2500 && !stop; ++i) {
      v1::EnrollRequest request;
      request.set_token("not-the-token-at-all");
      const pki::Key key = pki::generate_key().value();
      request.set_node_id("i-" + std::to_string(i));
      request.set_csr(pki::make_csr(key, request.node_id()).value());
      grpc::ClientContext context;
      v1::EnrollResponse response;
      const grpc::Status status = stub->Enroll(&context, request, &response);
      ++answered;
      if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) ++unknown;
      if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) ++throttled;
    }
  };
  {
    std::vector<std::jthread> crowd;
    for (int i = 0; i < 4; ++i) crowd.emplace_back(flood);
    while (answered < 500) std::this_thread::sleep_for(5ms);
    for (int i = 0; i < 20; ++i) {
      FakeNode honest(coordinator, "i-honest-" + std::to_string(i));
      CHECK(honest.enrol(coordinator.token()).ok());
    }
    stop = true;
  }
  CHECK(unknown >= 50);
  CHECK(unknown < 200);  // fifty at once, and one a second
  CHECK(throttled == answered - unknown);
  CHECK(comes_to(coordinator, "kagent_enrolments_throttled_total " + std::to_string(throttled)));
}

TEST_CASE("T17 Half-open connections and silent sessions end by themselves, and hinder nobody") {
  RunningCoordinator coordinator;
  boost::asio::io_context io;
  const Tcp::endpoint there(boost::asio::ip::make_address("127.0.0.1"), port_of(coordinator));
  std::vector<Tcp::socket> half_open;
  for (int i = 0; i < 300; ++i) half_open.emplace_back(io).connect(there);
  FakeNode silent(coordinator, "i-1");
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(silent.enrol(coordinator.token()).ok());
  CHECK(std::chrono::steady_clock::now() - began < 3s);
  silent.open_silently();
  CHECK_FALSE(silent.next(v1::CoordinatorMessage::kWelcome));  // its own limit is ten seconds
  CHECK(std::chrono::steady_clock::now() - began < 9s);
  std::size_t closed = 0;
  for (Tcp::socket& socket : half_open) {
    boost::system::error_code error;
    char byte = 0;
    boost::asio::read(socket, boost::asio::buffer(&byte, 1), error);
    if (error) ++closed;
  }
  CHECK(closed == half_open.size());
  CHECK(std::chrono::steady_clock::now() - began < 20s);
}

TEST_CASE("T17 A stalled call ends with its connection, a node's session does not") {
  RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.set_session_limit(60s);
  node.open();
  REQUIRE(node.next(v1::CoordinatorMessage::kWelcome));
  TlsPeer stalled(port_of(coordinator), TLS1_3_VERSION);
  REQUIRE(stalled.connected());
  stalled.begin_enroll();
  bool ended = false;
  for (std::uint64_t second = 0; second < 30 && !ended; ++second) {
    v1::AgentMessage heartbeat;
    heartbeat.mutable_heartbeat()->set_sequence(second);
    node.send(std::move(heartbeat));
    REQUIRE(node.next(v1::CoordinatorMessage::kHeartbeatReply));
    ended = stalled.ends_within(1000);
  }
  CHECK(ended);
}

TEST_CASE("T17 Connections of strangers are bounded, by address and in all") {
  RunningCoordinator coordinator;
  const auto port = port_of(coordinator);
  const std::size_t most = Connections::Bounds().strangers_of_one_address;
  boost::asio::io_context io;
  std::vector<Tcp::socket> crowd;
  for (std::size_t i = 0; i < most + 100; ++i) {
    Tcp::socket& socket = crowd.emplace_back(io);
    socket.open(Tcp::v4());
    socket.bind({boost::asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }
  CHECK(comes_to(coordinator, "kagent_connections_turned_away_total 100"));
  CHECK(comes_to(coordinator, "kagent_connections " + std::to_string(most)));
  FakeNode honest(coordinator, "i-1");
  CHECK(honest.enrol(coordinator.token()).ok());
  crowd.clear();
  CHECK(comes_to(coordinator, "kagent_connections 0"));
}

TEST_CASE("T17 A stranger has his time and his share, who is known has neither") {
  const SteadyTime now = std::chrono::steady_clock::now();
  Connections connections({2, 5, 8, 20s});
  CHECK(connections.begin("10.0.0.1 1", now));
  CHECK(connections.begin("10.0.0.1 2", now));
  CHECK_FALSE(connections.begin("10.0.0.1 3", now));
  CHECK(connections.begin("10.0.0.1 2", now));  // its port anew: the one before is gone
  connections.known("10.0.0.1 1");
  CHECK(connections.begin("10.0.0.1 3", now + 5s));
  CHECK(connections.overdue(now + 20s) == std::vector<std::string>{"10.0.0.1 2"});
  connections.end("10.0.0.1 2");
  CHECK(connections.overdue(now + 20s).empty());
  connections.stranger("10.0.0.1 1", now + 30s);  // its session has ended
  CHECK(connections.overdue(now + 49s) == std::vector<std::string>{"10.0.0.1 3"});
  CHECK(connections.overdue(now + 50s).size() == 2);
  for (const char* key : {"2001:db8::1 1", "2001:db8::2 1"}) CHECK(connections.begin(key, now));
  CHECK_FALSE(connections.begin("2001:db8::3 1", now));  // of one subscriber
  CHECK(connections.begin("10.0.0.3 1", now));
  CHECK_FALSE(connections.begin("10.0.0.4 1", now));  // five strangers in all
  for (const char* key : {"10.0.0.1 1", "10.0.0.1 3", "10.0.0.3 1"}) connections.known(key);
  for (const char* key : {"10.0.0.5 1", "10.0.0.6 1", "10.0.0.7 1"})
    CHECK(connections.begin(key, now));
  connections.known("10.0.0.5 1");
  CHECK_FALSE(connections.begin("10.0.0.8 1", now));  // eight in all
  CHECK(connections.open() == 8);
  CHECK(connections.turned_away() == 4);
}

TEST_CASE("T17 A node gets one certificate a minute, and some for answers that are lost") {
  RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1"), other(coordinator, "i-2");
  REQUIRE(node.enrol(coordinator.token()).ok());
  int granted = 0;
  grpc::Status last;
  for (int i = 0; i < 8; ++i)
    if ((last = node.enrol("")).ok()) ++granted;
  CHECK((granted == 5 || granted == 6));  // the first is forgotten a little already
  CHECK(last.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(other.enrol(coordinator.token()).ok());
  CHECK(comes_to(coordinator, "kagent_enrolments_throttled_total " + std::to_string(8 - granted)));
}

TEST_CASE("T17 There are no more nodes than the ClusterConfig allows") {
  RunningCoordinator coordinator("enrolment: {maxNodes: 2}\n");
  FakeNode first(coordinator, "i-1"), second(coordinator, "i-2"), third(coordinator, "i-3");
  CHECK(first.enrol(coordinator.token()).ok());
  CHECK(second.enrol(coordinator.token()).ok());
  const grpc::Status refused = third.enrol(coordinator.token());
  CHECK(refused.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(refused.error_message().find("enrolment.maxNodes") != std::string::npos);
  CHECK(second.enrol("").ok());
}

TEST_CASE("T17 Who waits for approval is not let in past the last place") {
  RunningCoordinator coordinator("enrolment: {attestation: approve, maxNodes: 1}\n");
  const auto client = administrator(coordinator);
  FakeNode first(coordinator, "i-1"), second(coordinator, "i-2");
  for (FakeNode* each : {&first, &second})
    CHECK(each->enrol(coordinator.token()).error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  REQUIRE(client->approve_node("i-1", ""));
  const auto refused = client->approve_node("i-2", "");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().find("enrolment.maxNodes") != std::string::npos);
  CHECK(client->list_nodes()->nodes_size() == 1);
  CHECK(first.enrol("").ok());
}

TEST_CASE("F18 A thousand new nodes of one address are let in at once, and not without end") {
  SteadyTime now = std::chrono::steady_clock::now();
  Newcomers newcomers;
  for (int i = 0; i < 1500; ++i) {
    REQUIRE(newcomers.may_ask("10.0.0.1", now));
    newcomers.count("10.0.0.1", now);
  }
  CHECK_FALSE(newcomers.may_ask("10.0.0.1", now));
  CHECK(newcomers.may_ask("10.0.0.2", now));
  CHECK(newcomers.may_ask("10.0.0.1", now + 1s));
}

TEST_CASE("T17 Giant messages are refused, before and after enrolment") {
  RunningCoordinator coordinator;
  const auto stub = stub_to(coordinator, port_of(coordinator));
  for (const std::size_t size : {std::size_t{100} << 10, std::size_t{2} << 20}) {
    v1::EnrollRequest request;
    request.set_node_id("i-1");
    request.set_token(std::string(size, 'x'));
    grpc::ClientContext context;
    v1::EnrollResponse response;
    const auto code = stub->Enroll(&context, request, &response).error_code();
    CHECK((code == grpc::StatusCode::INVALID_ARGUMENT ||
           code == grpc::StatusCode::RESOURCE_EXHAUSTED));
  }
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open();
  REQUIRE(node.next(v1::CoordinatorMessage::kWelcome));
  v1::AgentMessage giant;
  giant.mutable_log_reply()->add_lines(std::string(2 << 20, 'x'));
  node.send(std::move(giant));
  v1::AgentMessage ignored;
  CHECK(node.close().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("T17 A session that talks without end is read at a pace, and loses nothing") {
  RunningCoordinator coordinator;
  FakeNode loud(coordinator, "i-loud"), other(coordinator, "i-other");
  REQUIRE(loud.enrol(coordinator.token()).ok());
  REQUIRE(other.enrol(coordinator.token()).ok());
  loud.open();
  REQUIRE(loud.next(v1::CoordinatorMessage::kWelcome));
  const auto began = std::chrono::steady_clock::now();
  // Nobody waits for these: they are read, and answered with nothing.
  for (int i = 0; i < 5000; ++i) {
    v1::AgentMessage message;
    message.mutable_log_reply()->set_request(1);
    loud.send(std::move(message));
  }
  v1::AgentMessage last;
  last.mutable_heartbeat()->set_sequence(7);
  loud.send(std::move(last));
  const auto reply = loud.next(v1::CoordinatorMessage::kHeartbeatReply);
  REQUIRE(reply);
  CHECK(reply->heartbeat_reply().sequence() == 7);
  CHECK(std::chrono::steady_clock::now() - began >= 1s);  // 4000 at once, then 500 a second
  other.open();
  CHECK(other.next(v1::CoordinatorMessage::kWelcome));
}

TEST_CASE("T17 A crowd at one door hides nobody who waits at another") {
  const SteadyTime now = std::chrono::steady_clock::now();
  Claims claims;
  claims.note({"i-honest", "key", "10.0.0.1", now});
  for (int i = 0; i < 3000; ++i)
    claims.note({"i-" + std::to_string(i), "key", "10.0.0.2", now + 1ms * i});
  CHECK(claims.of("i-honest", now + 4s).size() == 1);
  CHECK(claims.of("", now + 4s).size() == 1 + Claims::most_of_one_address);
  CHECK(claims.of("", now + Claims::lifetime + 1s).size() < 1 + Claims::most_of_one_address);
  for (int i = 0; i < 3000; ++i)
    claims.note({"i-" + std::to_string(i), "key", std::to_string(i), now + 1ms * i});
  CHECK(claims.of("", now + 4s).size() <= Claims::most);
}

TEST_CASE("The address of a caller is read as gRPC writes it") {
  CHECK(ip_of_peer("ipv4:10.0.0.5:1234") == "10.0.0.5");
  CHECK(ip_of_peer("ipv6:%5Bfd00::1%5D:1234") == "fd00::1");
  CHECK(ip_of_peer("ipv6:[::1]:1234") == "::1");
  for (const char* none : {"", "unix:/run/x.sock", "ipv4:", "ipv4", "ipv6:%5B", "ipv6:"})
    CHECK(ip_of_peer(none).empty());
}

TEST_CASE("T17 Refusals are counted by address, with a bound on how many addresses") {
  const SteadyTime now = std::chrono::steady_clock::now();
  Strangers strangers;
  for (int i = 0; i < 50; ++i) {
    CHECK(strangers.may_ask("10.0.0.1", now));
    strangers.count("10.0.0.1", now);
    strangers.count("2001:db8::" + std::to_string(i), now);  // of one subscriber
  }
  CHECK_FALSE(strangers.may_ask("10.0.0.1", now));
  CHECK_FALSE(strangers.may_ask("2001:db8::ffff", now));
  CHECK(strangers.may_ask("2001:db8:0:1::1", now));
  CHECK(strangers.may_ask("10.0.0.2", now));
  CHECK(strangers.may_ask("10.0.0.1", now + 2s));
  for (int i = 0; i < 100'000; ++i)
    strangers.count("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                        std::to_string(i % 256),
                    now);
  CHECK(strangers.remembered() <= Strangers::most);
  CHECK_FALSE(strangers.may_ask("192.0.2.1", now));
  CHECK(strangers.may_ask("192.0.2.1", now + 2min));
}
