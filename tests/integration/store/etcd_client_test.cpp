#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/store/etcd_address.hpp"
#include "tests/integration/store/stores.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using std::chrono::steady_clock;

namespace {

// Accepts connections and never answers.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE((::bind(socket_, any, size) == 0 && ::listen(socket_, 16) == 0 &&
             ::getsockname(socket_, any, &size) == 0));
    endpoint = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Silence() { ::close(socket_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  std::string endpoint;

 private:
  int socket_;
};

struct Certified {
  std::filesystem::path certificate, key;
};

struct Ca {
  explicit Ca(const std::string& name)
      : key(pki::generate_key().value()), certificate(pki::make_ca(key, name).value()) {}
  Certified issue(const TemporaryFolder& folder, const std::string& name, pki::Use use) const {
    const auto own = pki::generate_key().value();
    const pki::IssueRequest request{{"test", name},
                                    use,
                                    1h,
                                    use == pki::Use::server ? std::vector<std::string>{"localhost"}
                                                            : std::vector<std::string>{}};
    const auto issued = pki::issue(request, own, certificate, key).value();
    const Certified files{folder / (name + ".crt"), folder / (name + ".key")};
    REQUIRE(write_file_atomic(files.certificate, pki::to_pem(issued).value(), 0600));
    REQUIRE(write_file_atomic(files.key, pki::key_to_pem(own).value(), 0600));
    return files;
  }
  std::filesystem::path publish(const TemporaryFolder& folder, const std::string& name) const {
    REQUIRE(write_file_atomic(folder / name, pki::to_pem(certificate).value(), 0600));
    return folder / name;
  }
  pki::Key key;
  pki::Certificate certificate;
};

}  // namespace

TEST_CASE("If one endpoint of etcd does not answer, another is used") {
  const OnEtcd place;
  const Silence silence;
  etcd::Options options = place.options();
  options.endpoints = {"127.0.0.1:1", silence.endpoint, OnEtcd::server().endpoint()};
  const auto client = std::make_shared<etcd::Client>(options);
  auto store = open_etcd_store(client, place.prefix(), "cluster-1", place.fence(), {});
  REQUIRE(store);
  const auto before = steady_clock::now();
  REQUIRE((*store)->bind_node(record("a", "key", 1)));
  CHECK(steady_clock::now() - before < 1s);  // the client stays with that endpoint
}

TEST_CASE("An etcd that does not answer costs a bounded time, and is used again later") {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  EtcdServer server;
  const etcd::Options options{{server.endpoint()}, "/kagent", {}, {}, {}};
  etcd::Client client(options);
  REQUIRE(client.range(etcd::get("/kagent/leader")));
  server.pause();
  const auto before = steady_clock::now();
  const auto silent = client.range(etcd::get("/kagent/leader"));
  CHECK_FALSE(silent);
  CHECK(steady_clock::now() - before < etcd::Client::limit + 1s);
  server.resume();
  CHECK(client.range(etcd::get("/kagent/leader")));
}

TEST_CASE("With TLS etcd must have a certificate of --store-ca, and asks for ours") {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  const TemporaryFolder folder;
  const Ca ca("etcd");
  const Ca false_ca("false");
  const auto of_server = ca.issue(folder, "server", pki::Use::server);
  const auto of_client = ca.issue(folder, "client", pki::Use::client);
  const auto ca_file = ca.publish(folder, "ca.crt");
  const EtcdServer server({ca_file, of_server.certificate, of_server.key});
  EtcdAddress address{server.url("kagent"), ca_file, of_client.certificate, of_client.key};
  const auto answers = [&] {
    const auto options = parse_etcd_address(address);
    REQUIRE(options);
    return etcd::Client(*options).range(etcd::get("/kagent/leader")).has_value();
  };
  SECTION("all is well") {
    CHECK(answers());
  }
  SECTION("etcd's certificate is another CA's") {
    address.ca = false_ca.publish(folder, "false.crt");
    CHECK_FALSE(answers());
  }
  SECTION("it is not for the host that was asked for") {
    address.url.replace(address.url.find("localhost"), 9, "127.0.0.1");
    CHECK_FALSE(answers());
  }
  SECTION("ours is another CA's") {
    const auto other = false_ca.issue(folder, "other", pki::Use::client);
    address.certificate = other.certificate;
    address.key = other.key;
    CHECK_FALSE(answers());
  }
  SECTION("we have none") {
    address.certificate = address.key = "";
    CHECK_FALSE(answers());
  }
}

TEST_CASE("Addresses of the store are parsed and checked") {
  const auto parse = [](const std::string& url) { return parse_etcd_address({url, {}, {}, {}}); };
  const auto one = parse("etcd+http://10.0.0.1");
  REQUIRE(one);
  CHECK(one->endpoints == std::vector<std::string>{"10.0.0.1:2379"});
  CHECK(one->prefix == "/kagent");
  const auto three = parse("etcd+http://a.example:1,[fd00::1]:2,[::1]/some/where/");
  REQUIRE(three);
  CHECK(three->endpoints == std::vector<std::string>{"a.example:1", "[fd00::1]:2", "[::1]:2379"});
  CHECK(three->prefix == "/some/where");

  for (const char* url :
       {"", "http://a", "etcd+http://", "etcd+http:///p", "etcd+http://a,", "etcd+http://a:0",
        "etcd+http://a:b", "etcd+http://a:70000", "etcd+http://a:1:2", "etcd+http://u@a",
        "etcd+http://[::1", "etcd+http://[x]", "etcd+http://a/p?q", "etcd+http://a /p"}) {
    INFO(url);
    const auto refused = parse(url);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Errc::invalid_argument);
    CHECK_THAT(refused.error().message(), ContainsSubstring("--store"));
  }
  CHECK_THAT(parse("etcd://a").error().message(), ContainsSubstring("--store-ca"));
  CHECK_THAT(parse_etcd_address({"etcd+http://a", "ca", {}, {}}).error().message(),
             ContainsSubstring("without TLS"));
  CHECK_THAT(parse_etcd_address({"etcd://a", "ca", "cert", {}}).error().message(),
             ContainsSubstring("--store-key"));
  CHECK(parse_etcd_address({"etcd://a", "/none/ca", {}, {}}).error().code() == Errc::not_found);
}
