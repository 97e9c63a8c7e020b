#include "agent/imds/fetch.hpp"

#include "agent/imds/documents.hpp"
#include "tests/support/result.hpp"

using namespace kagent;
using namespace kagent::imds;
using namespace std::chrono_literals;

namespace {

const std::vector<Document> two{{"meta-data/instance-id", "instance-id"},
                                {"user-data", "user-data"}};

Fetch make(std::size_t endpoints = 2) {
  return {two, endpoints, 7};
}
Result<Reply> reply(unsigned status, std::string body = "") {
  return Reply{status, std::move(body)};
}
Result<Reply> refused() {
  return Error(Errc::unavailable, "connection refused");
}

template <class T>
T expect(const Action& action) {
  REQUIRE(std::holds_alternative<T>(action));
  return std::get<T>(action);
}

}  // namespace

TEST_CASE("a token is requested first, and every document is requested with it") {
  auto fetch = make();
  expect<PutToken>(fetch.start());
  auto get = expect<Get>(fetch.on_reply(reply(200, "TOKEN")));
  CHECK(get.path == "/latest/meta-data/instance-id");
  CHECK(get.token == "TOKEN");
  get = expect<Get>(fetch.on_reply(reply(200, "i-1")));
  CHECK(get.path == "/latest/user-data");
  expect<Done>(fetch.on_reply(reply(200, "kagent://")));
  CHECK(fetch.found().at("instance-id") == "i-1");
  CHECK(fetch.found().at("user-data") == "kagent://");
}

TEST_CASE("a document of the interface is requested by its MAC, and is absent without one") {
  const std::vector<Document> wanted{{"meta-data/mac", "mac"},
                                     {"macs/{mac}/vpc-ipv4-cidr-blocks", "vpc-cidrs"}};
  Fetch fetch(wanted, 1, 7);
  fetch.start();
  fetch.on_reply(reply(200, "TOKEN"));
  const auto get = expect<Get>(fetch.on_reply(reply(200, "0e:49:61:0f:c3:11")));
  CHECK(get.path == "/latest/macs/0e:49:61:0f:c3:11/vpc-ipv4-cidr-blocks");
  expect<Done>(fetch.on_reply(reply(200, "10.0.0.0/16\n10.1.0.0/16")));
  CHECK(fetch.found().at("vpc-cidrs") == "10.0.0.0/16\n10.1.0.0/16");

  for (const auto& mac : {reply(404), reply(200, "../../user-data")}) {
    Fetch without(wanted, 1, 7);
    without.start();
    without.on_reply(reply(200, "TOKEN"));
    expect<Done>(without.on_reply(mac));
    CHECK_FALSE(without.found().contains("vpc-cidrs"));
  }
}

TEST_CASE("no user-data is a valid answer") {
  auto fetch = make();
  fetch.start();
  fetch.on_reply(reply(200, "TOKEN"));
  fetch.on_reply(reply(200, "i-1"));
  expect<Done>(fetch.on_reply(reply(404)));
  CHECK_FALSE(fetch.found().contains("user-data"));
}

TEST_CASE("F14 an expired token is replaced, and the same document is requested again") {
  auto fetch = make();
  fetch.start();
  fetch.on_reply(reply(200, "OLD"));
  const auto wait = expect<Wait>(fetch.on_reply(reply(401)));
  CHECK(wait.delay <= retry_policy.first);
  expect<PutToken>(fetch.on_waited());
  const auto get = expect<Get>(fetch.on_reply(reply(200, "NEW")));
  CHECK(get.token == "NEW");
  CHECK(get.path == "/latest/meta-data/instance-id");
}

TEST_CASE("F14 a service that refuses its own tokens is asked less and less often") {
  auto fetch = make();
  fetch.start();
  std::chrono::milliseconds longest{};
  for (int i = 0; i < 30; ++i) {
    fetch.on_reply(reply(200, "TOKEN"));
    longest = std::max(longest, expect<Wait>(fetch.on_reply(reply(401))).delay);
    fetch.on_waited();
  }
  CHECK(longest > 3s);
  CHECK(longest <= retry_policy.cap);
}

TEST_CASE(
    "F14 a forbidden request is tried again after a long wait, and the message says what to do") {
  auto fetch = make();
  fetch.start();
  const auto wait = expect<Wait>(fetch.on_reply(reply(403)));
  CHECK(wait.delay == long_wait);
  CHECK(wait.reason.find("modify-instance-metadata-options") != std::string::npos);
  expect<PutToken>(fetch.on_waited());
}

TEST_CASE("T19 a service that only speaks version 1 is never asked for a document") {
  auto fetch = make();
  fetch.start();
  for (const unsigned status : {404U, 405U}) {
    const auto wait = expect<Wait>(fetch.on_reply(reply(status)));
    CHECK(wait.delay == long_wait);
    CHECK(wait.reason.find("never uses v1") != std::string::npos);
    expect<PutToken>(fetch.on_waited());
  }
}

TEST_CASE("F14 throttling, server errors and silence are retried without limit") {
  auto fetch = make(1);
  fetch.start();
  for (int i = 0; i < 1000; ++i) {
    expect<Wait>(fetch.on_reply(i % 3 == 0 ? reply(503) : i % 3 == 1 ? reply(429) : refused()));
    expect<PutToken>(fetch.on_waited());
  }
  expect<Get>(fetch.on_reply(reply(200, "TOKEN")));
}

TEST_CASE("after an address that does not answer comes the other one, with a new token") {
  auto fetch = make(2);
  CHECK(expect<PutToken>(fetch.start()).endpoint == 0);
  fetch.on_reply(refused());
  CHECK(expect<PutToken>(fetch.on_waited()).endpoint == 1);
  CHECK(expect<Get>(fetch.on_reply(reply(200, "T"))).endpoint == 1);
  fetch.on_reply(refused());
  CHECK(expect<PutToken>(fetch.on_waited()).endpoint == 0);
}

TEST_CASE("one repeated trouble does not flood the journal") {
  auto fetch = make(1);
  fetch.start();
  int lines = 0;
  for (int i = 0; i < 100; ++i) {
    lines += expect<Wait>(fetch.on_reply(refused())).news ? 1 : 0;
    fetch.on_waited();
  }
  CHECK(lines == 7);  // 1, 2, 4, ... 64
}

TEST_CASE("a token that would break the HTTP request is not used") {
  auto fetch = make();
  fetch.start();
  expect<Wait>(fetch.on_reply(reply(200, "a\r\nHost: b")));
  expect<PutToken>(fetch.on_waited());
}

TEST_CASE("user-data is requested last: a program that sees it may rely on the other files") {
  CHECK(documents.back().name == user_data);
}
