#include "agent/kagentd/session/identity.hpp"
#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

using namespace kagent;
using namespace kagent::kagentd;
using namespace std::chrono_literals;

namespace {

// A coordinator's CA, and nodes that enrol with it.
struct Fixture {
  TemporaryFolder state;
  pki::Key ca_key = pki::generate_key().value();
  pki::Certificate ca = pki::make_ca(ca_key, "cluster").value();
  std::string ca_pem = pki::to_pem(ca).value();
  std::string ca_sha256 = pki::spki_sha256(ca).value();
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();

  void enrol(const std::string& node_id) {
    const auto key = pki::key_from_pem(load_or_make_key(state.path(), node_id).value()).value();
    pki::IssueRequest request;
    request.subject = {std::string(pki::node_organization), node_id};
    request.lifetime = 24h;
    const auto certificate = pki::issue(request, key, ca, ca_key).value();
    REQUIRE(save_identity(state.path(), pki::to_pem(certificate).value(), ca_pem, "cluster"));
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "The key is made once, and only its owner can read it") {
  const auto key = load_or_make_key(state.path(), "node-1").value();
  CHECK(load_or_make_key(state.path(), "node-1").value() == key);
  struct stat info {};
  REQUIRE(::stat((state / "node.key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE_METHOD(Fixture, "F21 A machine made of a used node's image gets a key of its own") {
  enrol("node-1");
  const auto old_key = load_or_make_key(state.path(), "node-1").value();
  CHECK(load_or_make_key(state.path(), "node-2").value() != old_key);
  CHECK_FALSE(load_identity(state.path(), "node-2", ca_sha256, now));
  enrol("node-2");
  CHECK(load_identity(state.path(), "node-2", ca_sha256, now));
}

TEST_CASE_METHOD(Fixture, "A certificate is valid only for its node, its CA and its time") {
  enrol("node-1");
  CHECK(load_identity(state.path(), "node-1", ca_sha256, now));
  CHECK_FALSE(load_identity(state.path(), "node-2", ca_sha256, now));
  CHECK_FALSE(load_identity(state.path(), "node-1", std::string(64, '0'), now));
  CHECK_FALSE(load_identity(state.path(), "node-1", ca_sha256, now + 25h));
  REQUIRE(write_file_atomic(state / "node.crt", "torn", 0600));
  CHECK_FALSE(load_identity(state.path(), "node-1", ca_sha256, now));
}

TEST_CASE_METHOD(Fixture, "A certificate is renewed when half of its life is over") {
  enrol("node-1");
  const auto identity = load_identity(state.path(), "node-1", ca_sha256, now);
  REQUIRE(identity);
  const auto life = identity->not_after - identity->not_before;
  const auto at = renew_at(*identity, 1) - identity->not_before;
  CHECK(at >= life / 2);
  CHECK(at <= life * 6 / 10);
}
