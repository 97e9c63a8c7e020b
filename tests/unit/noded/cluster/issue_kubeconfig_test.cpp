#include "agent/noded/cluster/issue_kubeconfig.hpp"

#include "agent/common/trust/pki.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

namespace kagent::noded {
namespace {

using namespace std::chrono_literals;

struct ControlPlane {
  ControlPlane() {
    std::filesystem::create_directories(folder / "etc/kubernetes/pki");
    put("etc/kubernetes/pki/ca.crt", *pki::to_pem(ca));
    put("etc/kubernetes/pki/ca.key", *pki::key_to_pem(ca_key));
    put("etc/kubernetes/admin.conf",
        "apiVersion: v1\nkind: Config\nclusters:\n- name: kubernetes\n  cluster:\n"
        "    server: https://10.0.0.1:6443\n");
  }
  void put(const std::string& path, const std::string& text) const {
    std::ofstream(folder / path) << text;
  }

  TemporaryFolder folder;
  pki::Key ca_key = *pki::generate_key();
  pki::Certificate ca = *pki::make_ca(ca_key, "kubernetes");
};

v1::KubeconfigOrder order_for(const pki::Key& key, std::chrono::seconds lifetime) {
  v1::KubeconfigOrder order;
  order.set_csr(*pki::make_csr(key, "who asks does not say who he is"));
  order.set_user("kagent-admin:joe");
  order.set_lifetime_seconds(static_cast<std::uint32_t>(lifetime.count()));
  return order;
}

}  // namespace

TEST_CASE("A control plane signs the order's key for the order's user") {
  const ControlPlane node;
  const auto key = *pki::generate_key();
  const auto issued = issue_kubeconfig(order_for(key, 8h), node.folder.path());
  REQUIRE(issued);
  CHECK(issued->api_server == "https://10.0.0.1:6443");
  const auto certificate = pki::certificate_from_pem(issued->certificate_pem);
  REQUIRE(certificate);
  CHECK(pki::subject_of(*certificate)->common_name == "kagent-admin:joe");
  CHECK(pki::subject_of(*certificate)->organization == "system:masters");
  CHECK(*pki::spki_sha256(*certificate) == *pki::spki_sha256(key));
  const auto now = std::chrono::system_clock::now();
  CHECK(pki::verify(*certificate, node.ca, pki::Use::client, now + 7h));
  CHECK_FALSE(pki::verify(*certificate, node.ca, pki::Use::client, now + 9h));
}

TEST_CASE("An administrator's certificate is valid for a week at most") {
  const ControlPlane node;
  const auto key = *pki::generate_key();
  const auto issued = issue_kubeconfig(order_for(key, 24h * 3650), node.folder.path());
  REQUIRE(issued);
  const auto validity = pki::validity_of(*pki::certificate_from_pem(issued->certificate_pem));
  CHECK(validity->not_after <= std::chrono::system_clock::now() + 24h * 7);
}

TEST_CASE("An order that cannot be signed is an error with its reason") {
  const auto key = *pki::generate_key();
  const TemporaryFolder worker;
  CHECK(issue_kubeconfig(order_for(key, 1h), worker.path()).error().code() ==
        Errc::failed_precondition);
  const ControlPlane node;
  CHECK(issue_kubeconfig(order_for(key, 0s), node.folder.path()).error().code() ==
        Errc::invalid_argument);
  auto torn = order_for(key, 1h);
  torn.mutable_csr()->back() ^= 1;
  CHECK(issue_kubeconfig(torn, node.folder.path()).error().code() == Errc::invalid_argument);
}

}  // namespace kagent::noded
