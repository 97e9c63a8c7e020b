#include "agent/common/base/paths.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/cluster/cluster_rights.hpp"
#include "agent/noded/cluster/kubeconfig_copy.hpp"
#include "agent/noded/machine/user_file.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

namespace kagent::noded {
namespace {

using namespace std::chrono_literals;
using State = KubeconfigCopy::State;

// A control plane that lacks only the copies of admin.conf. The copies' user is the user of this
// test.
struct ControlPlane : Machine {
  ControlPlane() {
    context->before = std::make_shared<Before>(context->root, context->root / before_file);
    context->cluster.add_kubeconfig_users(reader.name);
    std::filesystem::create_directories(context->at(reader.home));
    write(cluster_ca, ca_pem);
    write(admin_conf, admin);
    write("/var/lib/kagent-noded/rights-applied",
          pki::sha256_hex(std::string(cluster_rights) + ca_pem));
    write(paths::agent_kubeconfig, agents());
  }

  [[nodiscard]] std::string leading_to(const std::string& pem, const std::string& extra) const {
    return "apiVersion: v1\nkind: Config\nclusters:\n- name: kubernetes\n  cluster:\n"
           "    certificate-authority-data: " +
           config::encode_base64(pem) + "\n    server: https://10.0.0.1:6443\n" + extra;
  }
  [[nodiscard]] std::string agents() const {
    pki::IssueRequest request;
    request.subject = {"kagent:agents", "kagent:agent"};
    request.lifetime = 24h;
    const auto key = *pki::generate_key();
    const auto certificate = *pki::issue(request, key, ca, ca_key);
    const std::string data = config::encode_base64(*pki::to_pem(certificate));
    return leading_to(
        ca_pem, "users:\n- name: agent\n  user:\n    client-certificate-data: " + data + "\n");
  }
  [[nodiscard]] KubeconfigCopy copy() const { return kubeconfig_copies(*context).back(); }
  [[nodiscard]] std::string path() const { return reader.home + "/.kube/config"; }

  Account reader = *account(::getpwuid(::getuid())->pw_name);
  pki::Key ca_key = *pki::generate_key();
  pki::Certificate ca = *pki::make_ca(ca_key, "kubernetes");
  std::string ca_pem = *pki::to_pem(ca);
  std::string admin = leading_to(ca_pem, "users: []\n");
};

}  // namespace

TEST_CASE("A copy of admin.conf is written where none exists, and follows admin.conf") {
  const ControlPlane node;
  CHECK(node.copy().state == State::wanted);
  REQUIRE(write_kubeconfig_copy(*node.context, node.copy()));
  CHECK(node.copy().state == State::good);
  CHECK(node.read(node.path()) == node.admin);

  const std::string renewed = node.leading_to(node.ca_pem, "users: [renewed]\n");
  node.write(admin_conf, renewed);
  CHECK(node.copy().state == State::wanted);
  REQUIRE(write_kubeconfig_copy(*node.context, node.copy()));
  CHECK(node.read(node.path()) == renewed);
}

TEST_CASE("A kubeconfig with an added context stays as it is") {
  const ControlPlane node;
  REQUIRE(write_kubeconfig_copy(*node.context, node.copy()));
  node.write(node.path(), node.leading_to(node.ca_pem, "contexts: [{name: second}]\n"));
  CHECK(node.copy().state == State::good);
  node.write(admin_conf, node.leading_to(node.ca_pem, "users: [renewed]\n"));
  CHECK(node.copy().state == State::good);
}

TEST_CASE("A kubeconfig of another cluster only stays as it is, and the step says so") {
  const ControlPlane node;
  const auto other_key = *pki::generate_key();
  const std::string other = *pki::to_pem(*pki::make_ca(other_key, "other"));
  node.write(node.path(), node.leading_to(other, ""));
  CHECK(node.copy().state == State::left);
  CHECK(node.copy().why.find("belongs to a person") != std::string::npos);
  node.write(node.path(), "not: [a kubeconfig");
  CHECK(node.copy().state == State::left);
}

TEST_CASE("A missing user of kubeconfigUsers is reported and does not stop the cluster") {
  const ControlPlane node;
  const auto step = make_kubeconfig();
  if (::geteuid() != 0) SKIP("only root gives root a file");
  REQUIRE(write_kubeconfig_copy(*node.context, node.copy()));
  CHECK(node.check(*step).empty());

  node.context->cluster.add_kubeconfig_users("nobody-of-this-name");
  const auto found = node.look(*step);
  CHECK(found.state == StepState::done);
  REQUIRE(found.changes.size() == 1);
  CHECK(found.changes.front().find("names nobody-of-this-name, but there is no such user") !=
        std::string::npos);
}

TEST_CASE(
    "T14 A link or pipe in place of kagentd's kubeconfig is neither followed nor waited for") {
  const ControlPlane node;
  const auto step = make_kubeconfig();
  if (::geteuid() != 0) SKIP("only root gives root a file");
  REQUIRE(write_kubeconfig_copy(*node.context, node.copy()));
  REQUIRE(node.check(*step).empty());
  const auto path = node.context->at(paths::agent_kubeconfig);
  const std::vector<std::string> anew{std::string("write ") + paths::agent_kubeconfig};

  std::filesystem::rename(path, node.context->at("/elsewhere"));
  std::filesystem::create_symlink(node.context->at("/elsewhere"), path);
  CHECK(node.check(*step) == anew);
  std::filesystem::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(node.check(*step) == anew);
  std::filesystem::remove(path);
  node.write(paths::agent_kubeconfig, "users: &a [*a, *a]\n");
  CHECK(node.check(*step) == anew);
}

TEST_CASE("A user without a home, or with a link in it, is reported") {
  const ControlPlane node;
  std::filesystem::remove_all(node.context->at(node.reader.home));
  CHECK(node.copy().state == State::left);
  CHECK(node.copy().why.find("no home") != std::string::npos);
  std::filesystem::create_directories(node.context->at(node.reader.home));
  std::filesystem::create_directory_symlink("/tmp", node.context->at(node.reader.home + "/.kube"));
  CHECK(node.copy().state == State::left);
}

}  // namespace kagent::noded
