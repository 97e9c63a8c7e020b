#include "coordinator/service/limits.hpp"
#include "coordinator/service/address.hpp"
#include "coordinator/service/claims.hpp"
#include "kagent/v1/agent.grpc.pb.h"
#include "tests/integration/service/fake_node.hpp"
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

bool has_ipv6() {
  boost::asio::io_context io;
  boost::system::error_code error;
  Tcp::acceptor acceptor(io);
  acceptor.open(Tcp::v6(), error);
  if (!error) acceptor.bind({boost::asio::ip::address_v6::loopback(), 0}, error);
  return !error;
}

std::unique_ptr<v1::Agent::Stub> stub_to(const RunningCoordinator& coordinator,
                                         const std::string& host) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = coordinator.ca_pem();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(std::string(pki::coordinator_server_name));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::Agent::NewStub(grpc::CreateCustomChannel(
      host + ":" + std::to_string(port_of(coordinator)), grpc::SslCredentials(options), arguments));
}

}  // namespace

TEST_CASE("T17 While one address floods, another enrols") {
  if (!has_ipv6()) SKIP("two loopback addresses are needed, and there is no ::1 here");
  RunningCoordinator coordinator("", "[::]:0");
  std::atomic<int> unknown = 0, throttled = 0, answered = 0;
  std::atomic<bool> stop = false;
  const auto flood = [&] {
    const auto stub = stub_to(coordinator, "[::1]");
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
  CHECK(coordinator.get("/metrics")
            .body.find("kagent_enrolments_throttled_total " + std::to_string(throttled)) !=
        std::string::npos);
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

TEST_CASE("T17 Giant messages are refused, before and after enrolment") {
  RunningCoordinator coordinator;
  const auto stub = stub_to(coordinator, "127.0.0.1");
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
    strangers.refused("10.0.0.1", now);
    strangers.refused("2001:db8::" + std::to_string(i), now);  // of one subscriber
  }
  CHECK_FALSE(strangers.may_ask("10.0.0.1", now));
  CHECK_FALSE(strangers.may_ask("2001:db8::ffff", now));
  CHECK(strangers.may_ask("2001:db8:0:1::1", now));
  CHECK(strangers.may_ask("10.0.0.2", now));
  CHECK(strangers.may_ask("10.0.0.1", now + 2s));
  for (int i = 0; i < 100'000; ++i)
    strangers.refused("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) +
                          "." + std::to_string(i % 256),
                      now);
  CHECK(strangers.remembered() <= Strangers::most);
  CHECK_FALSE(strangers.may_ask("192.0.2.1", now));
  CHECK(strangers.may_ask("192.0.2.1", now + 2min));
}
