#include "agent/kagentd/kubernetes/client.hpp"

#include "agent/kagentd/kubernetes/drain.hpp"
#include "agent/kagentd/kubernetes/nodes.hpp"
#include "agent/kagentd/kubernetes/tokens.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/kagentd/kubernetes/fake_api_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>

using namespace kagent;
using namespace kagent::kubernetes;
using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST_CASE("a request is answered over mutual TLS") {
  const Authority authority;
  Server server(authority, {answer("200 OK", "{}"),
                            answer("403 Forbidden", R"({"kind":"Status","message":"not you"})")});
  asio::io_context io;
  Client client(io, access_to(authority, authority, server.port()));
  const auto good = run(io, client.request("GET", "/api/v1/nodes", ""));
  REQUIRE(good);
  CHECK(good->status == 200);
  CHECK(good->body == "{}");
  const auto refused = run(io, client.request("DELETE", "/x", ""));
  REQUIRE(refused);
  CHECK_FALSE(refused->ok());
  CHECK(refused->error().code() == Errc::permission_denied);
  CHECK(refused->error().message().find("not you") != std::string::npos);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].starts_with("GET /api/v1/nodes HTTP/1.1\r\n"));
  CHECK(requests[0].find("Connection: close") != std::string::npos);
}

TEST_CASE("the client sends nothing to a server of another cluster") {
  const Authority authority;
  const Authority other;
  Server server(authority, {answer("200 OK", "{}")});
  asio::io_context io;
  Client client(io, access_to(other, authority, server.port()));
  const auto response = run(io, client.request("GET", "/", ""));
  REQUIRE_FALSE(response);
  CHECK(response.error().code() == Errc::permission_denied);
  CHECK(server.requests().empty());
}

TEST_CASE("a certificate for another name is not accepted") {
  const Authority authority;
  Server server(authority, {answer("200 OK", "{}")});
  asio::io_context io;
  Access access = access_to(authority, authority, server.port());
  access.host = "127.0.0.1";  // the certificate says localhost
  Client client(io, std::move(access));
  const auto response = run(io, client.request("GET", "/", ""));
  REQUIRE_FALSE(response);
  CHECK(response.error().code() == Errc::permission_denied);
}

TEST_CASE("no server, no answer in time, and unusable certificates are different errors") {
  const Authority authority;
  asio::io_context io;
  asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  const auto port = silent.local_endpoint().port();
  Client waiting(io, access_to(authority, authority, port));
  const auto late = run(io, waiting.request("GET", "/", "", 200ms));
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == Errc::deadline_exceeded);
  silent.close();
  const auto nobody = run(io, waiting.request("GET", "/", ""));
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code() == Errc::unavailable);
  Access broken;
  broken.host = "localhost";
  broken.ca_pem = broken.certificate_pem = broken.key_pem = "no PEM";
  Client unusable(io, std::move(broken));
  const auto never = run(io, unusable.request("GET", "/", ""));
  REQUIRE_FALSE(never);
  CHECK(never.error().code() == Errc::invalid_argument);
}

TEST_CASE("a watch gives whole lines, however they are split, and the reason for a refusal") {
  const Authority authority;
  Server server(authority, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "4\r\n{\"a\"\r\n5\r\n:1}\n{\r\n2\r\n}\n\r\n0\r\n\r\n",
                            answer("410 Gone", R"({"kind":"Status","message":"too old"})")});
  asio::io_context io;
  Client client(io, access_to(authority, authority, server.port()));
  std::vector<std::string> lines;
  const auto ended =
      run(io, client.watch(
                  "/w", [&](const std::string& line) { lines.push_back(line); }, 5s));
  CHECK(ended);
  CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{}"});
  const auto gone = run(io, client.watch(
                                "/w", [](const std::string&) {}, 5s));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().message().find("too old") != std::string::npos);
}

TEST_CASE("T16 a target that would make two requests is refused") {
  const Authority authority;
  Server server(authority, {answer("200 OK", "{}")});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  std::function<bool()> wanted = [] { return true; };
  const std::string smuggled = "x HTTP/1.1\r\nHost: y\r\n\r\nDELETE /api/v1/nodes/m";
  for (const std::string& name : {smuggled, std::string("a b"), std::string("a\tb"),
                                  std::string("a\0b", 3), std::string("\xc3\xa4"), std::string()}) {
    const auto code = [](const auto& outcome) {
      return outcome ? Errc::internal : outcome.error().code();
    };
    CHECK(code(run(io, delete_node(client, name))) == Errc::invalid_argument);
    CHECK(code(run(io, mint_token(client, {"i-1", name, false}, 600s))) == Errc::invalid_argument);
    DrainOrder order;
    order.node = name;
    CHECK(code(run(io, drain(
                           client, order, [](const DrainState&) {}, wanted))) ==
          Errc::invalid_argument);
    order.plan = true;
    CHECK(code(run(io, drain(
                           client, order, [](const DrainState&) {}, wanted))) ==
          Errc::invalid_argument);
    if (name.empty()) continue;
    CHECK(code(run(io, client->request("GET", "/" + name, ""))) == Errc::invalid_argument);
    CHECK(code(run(io, client->watch(
                           "/" + name, [](const std::string&) {}, 5s))) == Errc::invalid_argument);
  }
  CHECK(path_part(smuggled).find_first_of(" \r\n/") == std::string::npos);
  CHECK(path_part("web-0.a_b~") == "web-0.a_b~");
  CHECK(path_part("a/../b?%") == "a%2F..%2Fb%3F%25");
  CHECK(run(io, client->request("GET", "/good", "")));  // the first that the server sees
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].starts_with("GET /good HTTP/1.1\r\n"));
}

TEST_CASE("a token id that is in use is replaced by another; a missing token counts as revoked") {
  const Authority authority;
  Server server(authority, {answer("409 Conflict", "{}"), answer("201 Created", "{}"),
                            answer("404 Not Found", "{}"), answer("500 Oops", "{}")});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  const auto minted = run(io, mint_token(client, {"i-1", "node-1", false}, 600s));
  REQUIRE(minted);
  CHECK(minted->token_id.size() == 6);
  CHECK(minted->token.size() == 23);
  CHECK(minted->token.starts_with(minted->token_id + "."));
  CHECK(run(io, revoke_token(client, minted->token_id)));
  const auto failed = run(io, revoke_token(client, minted->token_id));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == Errc::unavailable);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[1].starts_with("POST /api/v1/namespaces/kube-system/secrets HTTP/1.1\r\n"));
  CHECK(requests[2].starts_with("DELETE /api/v1/namespaces/kube-system/secrets/bootstrap-token-"));
}

TEST_CASE("after an expired watch comes a new list, but not at once") {
  const Authority authority;
  const std::string before =
      R"({"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}}]})";
  const std::string after =
      R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"b"}}]})";
  const std::string expired = R"({"type":"ERROR","object":{"code":410,"message":"too old"}})";
  Server server(authority, {answer("200 OK", before), answer("200 OK", expired + "\n"),
                            answer("200 OK", after)});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  std::vector<std::string> names;
  auto changed = [&](const std::vector<v1::KubernetesNode>& nodes) {
    REQUIRE(nodes.size() == 1);
    names.push_back(nodes[0].name());
    if (names.size() == 2) io.stop();
  };
  asio::co_spawn(io, watch_nodes(client, std::move(changed)), asio::detached);
  const auto began = std::chrono::steady_clock::now();
  io.run_for(20s);
  CHECK(std::chrono::steady_clock::now() - began >= 100ms);  // the shortest delay
  CHECK(names == std::vector<std::string>{"a", "b"});
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].find("resourceVersion=5") != std::string::npos);
  CHECK(requests[2].starts_with("GET /api/v1/nodes HTTP/1.1"));
}

TEST_CASE("a drain evicts until no pod is left, and leaves the node cordoned") {
  const Authority authority;
  const std::string pods =
      R"({"items":[{"metadata":{"namespace":"d","name":"web","ownerReferences":)"
      R"([{"kind":"ReplicaSet","controller":true}]},"status":{"phase":"Running"}}]})";
  Server server(authority,
                {answer("200 OK", R"({"spec":{}})"), answer("200 OK", "{}"), answer("200 OK", pods),
                 answer("201 Created", "{}"), answer("200 OK", R"({"items":[]})")});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  DrainOrder order;
  order.node = "w1";
  order.limit = 60s;
  std::vector<std::size_t> left;
  std::function<void(const DrainState&)> progress = [&](const DrainState& state) {
    left.push_back(state.pods.size());
  };
  std::function<bool()> wanted = [] { return true; };
  REQUIRE(run(io, drain(client, order, progress, wanted)));
  CHECK(left == std::vector<std::size_t>{1, 0});
  const auto requests = server.requests();
  REQUIRE(requests.size() == 5);
  CHECK(requests[1].starts_with("PATCH /api/v1/nodes/w1 "));
  CHECK(requests[1].find("application/merge-patch+json") != std::string::npos);
  CHECK(requests[3].starts_with("POST /api/v1/namespaces/d/pods/web/eviction "));
}

TEST_CASE("a drain that a budget blocks ends in time, says why, and removes its cordon") {
  const Authority authority;
  const std::string pods =
      R"({"items":[{"metadata":{"namespace":"d","name":"web","ownerReferences":)"
      R"([{"kind":"ReplicaSet","controller":true}]},"status":{"phase":"Running"}}]})";
  const std::string budget =
      R"({"kind":"Status","message":"Cannot evict pod as it would violate the pod's disruption )"
      R"(budget.","code":429,"details":{"causes":[{"reason":"DisruptionBudget","message":)"
      R"("The disruption budget web needs 1 healthy pods and has 1 currently"}]}})";
  Server server(authority,
                {answer("200 OK", R"({"spec":{}})"), answer("200 OK", "{}"), answer("200 OK", pods),
                 answer("429 Too Many Requests", budget), answer("200 OK", "{}")});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  DrainOrder order;
  order.node = "w1";
  order.limit = 1s;
  std::function<void(const DrainState&)> progress = [](const DrainState&) {};
  std::function<bool()> wanted = [] { return true; };
  const auto drained = run(io, drain(client, order, progress, wanted));
  REQUIRE_FALSE(drained);
  CHECK(drained.error().code() == Errc::deadline_exceeded);
  CHECK(drained.error().message().find("d/web: Cannot evict pod") != std::string::npos);
  CHECK(drained.error().message().find("web needs 1 healthy pods and has 1 currently") !=
        std::string::npos);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 5);
  CHECK(requests[4].starts_with("PATCH /api/v1/nodes/w1 "));
}

TEST_CASE("an operator's cordon stays, and a missing Node counts as drained") {
  const Authority authority;
  Server server(authority,
                {answer("200 OK", R"({"spec":{"unschedulable":true}})"),
                 answer("200 OK", R"({"items":[{"metadata":{"namespace":"d","name":"alone"}}]})"),
                 answer("404 Not Found", "{}")});
  asio::io_context io;
  const auto client = std::make_shared<Client>(io, access_to(authority, authority, server.port()));
  DrainOrder order;
  order.node = "w1";
  order.limit = 60s;
  std::function<void(const DrainState&)> progress = [](const DrainState&) {};
  std::function<bool()> wanted = [] { return true; };
  const auto drained = run(io, drain(client, order, progress, wanted));
  REQUIRE_FALSE(drained);
  CHECK(drained.error().code() == Errc::failed_precondition);
  CHECK(drained.error().message().find("d/alone") != std::string::npos);
  CHECK(run(io, drain(client, order, progress, wanted)));
  CHECK(server.requests().size() == 3);
}
