#include "agent/kagentd/kubernetes/kubeconfig.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/ctl/cli.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <sys/stat.h>
#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <sstream>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

// The first control plane, with a CA of its own that answers the next order.
class Signer {
 public:
  explicit Signer(const RunningCoordinator& coordinator) : node_(coordinator, "i-1") {
    REQUIRE(node_.enrol(coordinator.token()).ok());
    node_.open();
    const auto assignment = node_.next_envelope();
    REQUIRE(assignment);
    v1::AgentMessage message;
    message.mutable_cluster_ready()->set_api_server("10.0.0.1:6443");
    message.mutable_cluster_ready()->set_ca_certificates(*pki::to_pem(ca));
    message.mutable_cluster_ready()->set_lease_fence(assignment->assignment().lease_fence());
    node_.say("init", v1::STEP_STATE_DONE);
    node_.send(std::move(message));
  }

  void answer_one() {
    const auto envelope = node_.next_envelope();
    if (!envelope || !envelope->has_kubeconfig()) return;
    order = envelope->kubeconfig();
    pki::IssueRequest request;
    request.subject = {"system:masters", order.user()};
    request.lifetime = std::chrono::seconds(order.lifetime_seconds());
    const auto csr = pki::parse_csr(order.csr());
    v1::AgentMessage message;
    v1::KubeconfigReply& reply = *message.mutable_kubeconfig_reply();
    reply.set_serial(envelope->serial());
    reply.set_api_server("https://10.0.0.1:6443");
    reply.set_ca_certificates(*pki::to_pem(ca));
    reply.set_certificate(*pki::to_pem(*pki::issue(request, csr->public_key, ca, ca_key)));
    node_.send(std::move(message));
  }

  pki::Key ca_key = *pki::generate_key();
  pki::Certificate ca = *pki::make_ca(ca_key, "kubernetes");
  v1::KubeconfigOrder order;

 private:
  FakeNode node_;
};

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("kagentctl kubeconfig writes what a control plane has signed, and only for its owner") {
  const RunningCoordinator coordinator;
  const TemporaryFolder folder;
  Signer signer(coordinator);
  // Until ClusterReady has arrived.
  while (ctl::connect(socket_of(coordinator)).value()->get_node("i-1")->phase() !=
         v1::PHASE_STARTING)
    std::this_thread::yield();
  std::thread answering([&] { signer.answer_one(); });
  const std::string file = folder / "admin.conf";
  const std::vector<std::string> command{"--coordinator",
                                         coordinator.admin_socket(),
                                         "kubeconfig",
                                         "--output",
                                         file,
                                         "--lifetime",
                                         "2h"};
  const auto code = ctl::run(command);
  answering.join();
  REQUIRE(code == ctl::exit_ok);
  CHECK(signer.order.user() == "kagent-admin:local");
  CHECK(signer.order.lifetime_seconds() == 7200);

  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  const auto access = kubernetes::parse_kubeconfig(text_of(file));
  REQUIRE(access);
  CHECK(access->host == "10.0.0.1");
  CHECK(access->port == 6443);
  CHECK(access->ca_pem == *pki::to_pem(signer.ca));
  const auto certificate = pki::certificate_from_pem(access->certificate_pem);
  const auto key = pki::key_from_pem(access->key_pem);
  REQUIRE(key);
  CHECK(*pki::spki_sha256(*certificate) == *pki::spki_sha256(*key));
  CHECK(pki::verify(*certificate, signer.ca, pki::Use::client, std::chrono::system_clock::now()));

  // A second one merges nothing into it.
  const std::string before = text_of(file);
  CHECK(ctl::run(command) == ctl::exit_usage);
  CHECK(text_of(file) == before);
}

TEST_CASE("A kubeconfig is refused while nobody can sign it, and to whom it is not for") {
  const RunningCoordinator coordinator;
  auto client = ctl::connect(socket_of(coordinator));
  REQUIRE(client);
  const std::string csr = *pki::make_csr(*pki::generate_key(), "kagentctl");
  const auto none = (*client)->get_kubeconfig(csr, std::chrono::hours(1));
  CHECK(none.error().code() == Errc::failed_precondition);
  CHECK((*client)->get_kubeconfig("no csr", std::chrono::hours(1)).error().code() ==
        Errc::invalid_argument);
  CHECK((*client)->get_kubeconfig(csr, std::chrono::hours(200)).error().code() ==
        Errc::invalid_argument);

  const TemporaryFolder folder;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  std::ofstream(folder / "node.crt") << node.certificate();
  std::ofstream(folder / "node.key") << node.key_pem();
  const ctl::Endpoint as_node{
      coordinator.user_data(false), folder / "node.crt", folder / "node.key", {}};
  auto denied = ctl::connect(as_node);
  REQUIRE(denied);
  CHECK((*denied)->get_kubeconfig(csr, std::chrono::hours(1)).error().code() ==
        Errc::permission_denied);
}
