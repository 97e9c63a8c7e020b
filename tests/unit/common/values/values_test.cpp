#include "agent/common/values/values.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace kagent;
using namespace kagent::values;

namespace {

template <class Value>
bool takes(std::string_view text) {
  const auto value = Value::parse(text);
  if (value) CHECK(value->str() == text);
  if (!value) CHECK(value.error().code() == Errc::invalid_argument);
  return value.has_value();
}

// What an attacker would put into any field.
const std::string_view hostile[] = {"",         " ",
                                    "\n",       "a b",
                                    "a\nb",     "a\r",
                                    "a\"",      "a'",
                                    "a\\",      "a;b",
                                    "$(id)",    "`id`",
                                    "../a",     "a/b",
                                    "a\x1b[2J", "\xe2\x80\xae",
                                    "a: b",     "--- ",
                                    "a#b",      "{{a}}",
                                    "-a",       std::string_view("a\0b", 3)};

template <class Value>
void takes_nothing_hostile() {
  for (const auto text : hostile)
    // NodeId is the one that may begin with a dash.
    if (!(std::is_same_v<Value, NodeId> && text == "-a")) CHECK_FALSE(takes<Value>(text));
  CHECK_FALSE(takes<Value>(std::string(1 << 20, 'a')));
}

}  // namespace

TEST_CASE("No value takes what means something to a file, a shell or a terminal") {
  takes_nothing_hostile<NodeName>();
  takes_nothing_hostile<NodeId>();
  takes_nothing_hostile<StepName>();
  takes_nothing_hostile<BootstrapToken>();
  takes_nothing_hostile<BootstrapTokenId>();
  takes_nothing_hostile<CertificateKey>();
  takes_nothing_hostile<Sha256>();
  takes_nothing_hostile<KubernetesVersion>();
  takes_nothing_hostile<HostPort>();
}

TEST_CASE("A complaint shows what was found as one printable line, and no secret") {
  CHECK(NodeName::parse("A\n").error().message() ==
        "expected a Kubernetes node name (RFC 1123, lower case), found \"A\\n\"");
  CHECK(NodeName::parse(std::string(1 << 20, 'A')).error().message().size() < 200);
  CHECK(BootstrapToken::parse("abcdef.0123456789abcdeX").error().message().find("0123") ==
        std::string::npos);
}

TEST_CASE("Values take the shapes of the field") {
  CHECK(takes<NodeName>("ip-10-0-0-1.eu-central-1.compute.internal"));
  CHECK_FALSE(takes<NodeName>("Node1"));
  CHECK(takes<NodeId>("i-0123456789abcdef0"));
  CHECK(takes<NodeId>("node-0123456789abcdef"));
  CHECK(takes<StepName>("containerd-config"));
  CHECK_FALSE(takes<StepName>("Init"));
  CHECK(takes<BootstrapToken>("abcdef.0123456789abcdef"));
  CHECK_FALSE(takes<BootstrapToken>("abcdef-0123456789abcdef"));
  CHECK(takes<BootstrapTokenId>("abcdef"));
  CHECK(takes<CertificateKey>(std::string(64, 'a')));
  CHECK_FALSE(takes<CertificateKey>(std::string(63, 'a')));
  CHECK(takes<KubernetesVersion>("v1.32.4"));
  CHECK(takes<KubernetesVersion>("v1.33.0-rc.1"));
  CHECK_FALSE(takes<KubernetesVersion>("v1.032.4"));
  CHECK_FALSE(takes<KubernetesVersion>("1.32.4"));
  CHECK_FALSE(takes<KubernetesVersion>("v1.32"));
  CHECK_FALSE(takes<KubernetesVersion>("v1.32.4-"));
}

TEST_CASE("An endpoint is a host and a port, and is written as it was read") {
  for (const auto text : {"10.0.0.1:6443", "api.example.com:443", "[fd00::1]:6443"})
    CHECK(takes<HostPort>(text));
  const auto six = HostPort::parse("[fd00::1]:6443").value();
  CHECK(six.host() == "fd00::1");
  CHECK(six.port() == 6443);
  for (const auto text :
       {"10.0.0.1", ":6443", "a:", "a:0", "a:65536", "a:0443", "a:+1", "fd00::1:6443",
        "[fd00::1%eth0]:6443", "[a]:1", "[10.0.0.1]:1", "user@a:1", "a:1/x"})
    CHECK_FALSE(takes<HostPort>(text));
}

TEST_CASE("Of a URL only https, a host and a port are taken") {
  CHECK(HostPort::parse_https_url("https://10.0.0.1:6443").value().str() == "10.0.0.1:6443");
  for (const auto url : {"", "10.0.0.1:6443", "http://10.0.0.1:6443", "https://10.0.0.1",
                         "https://10.0.0.1:6443/", "https://u@10.0.0.1:6443"})
    CHECK_FALSE(HostPort::parse_https_url(url));
}

TEST_CASE("A value that parses parses again, whatever the bytes were") {
  std::mt19937 random(11);
  constexpr std::string_view letters = "abf019.-:[]vV~\n\" ";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 12, ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    if (const auto value = HostPort::parse(text))
      CHECK(HostPort::parse(value->str()).value() == *value);
    (void)takes<NodeName>(text);
    (void)takes<KubernetesVersion>("v1." + text);
  }
}
