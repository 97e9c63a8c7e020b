#include "tests/bench/sessions/coordinator_process.hpp"
#include "tests/integration/coordinator/tls_peer.hpp"

#include <sys/resource.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <deque>

using namespace kagent::coordinator;

namespace {

std::uint16_t free_port() {
  boost::asio::io_context io;
  using Tcp = boost::asio::ip::tcp;
  return Tcp::acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), 0}).local_endpoint().port();
}

}  // namespace

TEST_CASE("T17 A crowd that stalls its calls takes no more memory than its share of connections") {
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);  // the coordinator's, too
  // What the address sanitizer would keep besides.
  ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
  const std::uint16_t port = free_port();
  const kagent::bench::CoordinatorProcess coordinator(KAGENT_COORDINATOR, port);
  const std::uint64_t before = coordinator.resident_bytes();
  std::deque<TlsPeer> crowd;
  std::uint64_t most = before;
  for (int i = 0; i < 1800; ++i) {
    TlsPeer& peer = crowd.emplace_back(port, TLS1_3_VERSION, "127.0.0.2");
    if (!peer.connected()) continue;
    peer.begin_enroll();
    peer.begin_large_enroll(3, 16'000);
    if (i % 100 == 0) most = std::max(most, coordinator.resident_bytes());
  }
  most = std::max(most, coordinator.resident_bytes());
  const std::uint64_t a_connection = (most - before) / 1024;
  CAPTURE(before, most);
  CHECK(a_connection > 10'000);  // they did get in
  CHECK(most - before < 300ULL << 20U);
}
