#include "agent/common/base/file.hpp"
#include "coordinator/core/coordinator.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <grpcpp/support/status.h>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using std::chrono::system_clock;

TEST_CASE("The coordinator's own certificates are renewed under the same CA, in time") {
  const TemporaryFolder folder;
  const auto now = system_clock::now();
  const auto first = open_state(folder.path(), {}, now);
  REQUIRE(first);
  const auto own = own_certificates(first->authority);
  REQUIRE(own);
  REQUIRE(own->size() == 3);
  CHECK_FALSE(own->at(0).renewal);
  const auto due = *own->at(1).renewal;
  CHECK(due > now + 24h * 200);
  CHECK(due < own->at(1).validity.not_after - 24h * 100);

  const auto before = open_state(folder.path(), {}, due - 1h);
  REQUIRE(before);
  CHECK(before->authority.server_chain_pem == first->authority.server_chain_pem);
  const auto after = open_state(folder.path(), {}, due + 1h);
  REQUIRE(after);
  CHECK(after->authority.server_chain_pem != first->authority.server_chain_pem);
  CHECK(after->authority.ca_sha256 == first->authority.ca_sha256);
}

TEST_CASE("Tokens that have expired do not pile up in the store") {
  const TemporaryFolder folder;
  const auto now = system_clock::now();
  {
    const auto state = open_state(folder.path(), {}, now);
    REQUIRE(state);
    for (int i = 1; i <= 3; ++i) {
      TokenRecord token;
      token.id = std::to_string(i);
      token.expires_at = now + i * 1h;
      REQUIRE(state->store->save_token(token));
    }
  }
  CHECK(open_state(folder.path(), {}, now + 150min)->snapshot.tokens.size() == 1);
  const auto tokens = open_state(folder.path(), {}, now)->snapshot.tokens;
  REQUIRE(tokens.size() == 1);
  CHECK(tokens[0].id == "3");
}

TEST_CASE("A coordinator whose certificate is due asks to be started anew, once") {
  const TemporaryFolder folder;
  auto state = open_state(folder.path(), {}, system_clock::now());
  REQUIRE(state);
  // As if it had run for nine months: a server certificate that ends in two hours.
  Authority& authority = state->authority;
  const pki::Key key = pki::key_from_pem(authority.server_key_pem).value();
  const auto issued = pki::issue({{"kagent:coordinator", "coordinator"}, pki::Use::server, 1s, {}},
                                 key, authority.ca, authority.ca_key);
  REQUIRE(issued);
  authority.server_chain_pem = pki::to_pem(*issued).value() + authority.bundle_pem;
  boost::asio::io_context loop;
  int asked = 0;
  Coordinator coordinator(loop.get_executor(), std::move(*state),
                          std::move(Audit::open(folder / "audit.jsonl").value()), {},
                          [&](const Error& why) {
                            ++asked;
                            CHECK(why.message().find("server") != std::string::npos);
                          });
  coordinator.start("127.0.0.1:7443");
  loop.run_for(3s);
  CHECK(asked == 1);
  coordinator.stop();
  loop.run_for(100ms);
}

TEST_CASE("kagentctl certs has the coordinator's and each node's, and a renewal moves it on") {
  RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const auto client = administrator(coordinator);
  const auto listed = [&] {
    std::map<std::string, v1::Certificate> all;
    const auto answer = client->list_certificates().value();
    for (const v1::Certificate& each : answer.certificates())
      all[each.holder() + " " + each.use()] = each;
    return all;
  };
  auto all = listed();
  REQUIRE(all.size() == 4);
  CHECK(all.contains("coordinator CA"));
  CHECK(all.contains("coordinator server"));
  CHECK(all.contains("coordinator envelopes"));
  const auto life =
      all["i-1 client"].expires_at().seconds() - all["i-1 client"].issued_at().seconds();
  CHECK(life >= 24 * 3600);
  CHECK(life < 25 * 3600);

  // Kubernetes', as the node has last said.
  node.open();
  v1::AgentMessage message;
  v1::HeldCertificate& held = *message.mutable_report()->add_certificates();
  held.set_file("/var/lib/kubelet/pki/kubelet-client-current.pem");
  held.set_subject("system:node:i-1");
  held.set_use("client");
  held.mutable_issued_at()->set_seconds(1'800'000'000);
  held.mutable_expires_at()->set_seconds(1'800'001'000);
  v1::HeldCertificate& by_hand = *message.mutable_report()->add_certificates();
  by_hand = held;
  by_hand.set_file("/etc/kubernetes/pki/apiserver.crt");
  by_hand.set_use("server");
  node.send(std::move(message));
  node.settle();
  CHECK(node.close().ok());
  const auto told = client->list_certificates().value();
  REQUIRE(told.certificates_size() == 6);
  CHECK(told.certificates(4).holder() == "i-1");
  CHECK(told.certificates(4).subject() == "system:node:i-1");
  CHECK(told.certificates(4).renewal_at().seconds() == 1'800'000'700);
  CHECK(told.certificates(5).file() == "/etc/kubernetes/pki/apiserver.crt");
  CHECK_FALSE(told.certificates(5).has_renewal_at());

  // Old and new hold together: what was issued first still opens a session.
  FakeNode same(coordinator, "i-2");
  REQUIRE(same.enrol(coordinator.token()).ok());
  const std::string old = same.certificate();
  REQUIRE(same.enrol("").ok());
  CHECK(same.certificate() != old);
  same.use_certificate(old);
  same.open();
  CHECK(same.next(v1::CoordinatorMessage::kWelcome));
}
