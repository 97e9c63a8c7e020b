#include "agent/kagentd/kubernetes/signer.hpp"

#include "tests/unit/kagentd/kubernetes/fake_api_server.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::kubernetes;
using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST_CASE("kube-controller-manager has begun when its first ServiceAccount exists") {
  CHECK(has_begun(R"({"type": "ADDED", "object": {"metadata": {"name": "default"}}})"));
  CHECK(has_begun(R"({"type": "MODIFIED", "object": {"metadata": {"name": "default"}}})"));
  CHECK_FALSE(has_begun(R"({"type": "DELETED", "object": {"metadata": {"name": "default"}}})"));
  CHECK_FALSE(has_begun(R"({"type": "BOOKMARK", "object": {}})"));
  CHECK_FALSE(has_begun(R"({"type": "ERROR", "object": {"code": 410}})"));
  for (const char* nonsense : {"", "{", "[]", "{}", R"({"type": 1})"})
    CHECK_FALSE(has_begun(nonsense));
}

TEST_CASE("await_signer waits until kube-controller-manager works, however the API server starts") {
  const Authority authority;
  Server server(authority, {answer("403 Forbidden", R"({"kind":"Status","message":"not yet"})"),
                            answer("200 OK", ""),
                            answer("200 OK", R"({"type":"ADDED","object":{}})"
                                             "\n")});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  const auto began = std::chrono::steady_clock::now();
  run(io, await_signer(client, 60s));
  CHECK(std::chrono::steady_clock::now() - began < 20s);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[2].find("serviceaccounts?watch=1&fieldSelector=metadata.name%3Ddefault") !=
        std::string::npos);
}

TEST_CASE("await_signer returns at its limit without kube-controller-manager") {
  const Authority authority;
  asio::io_context io;
  asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  const auto client =
      std::make_shared<Client>(io, access_to(authority, authority, silent.local_endpoint().port()));
  auto waited = asio::co_spawn(io, await_signer(client, 200ms), asio::use_future);
  io.run_for(20s);
  CHECK(waited.wait_for(0s) == std::future_status::ready);
}
