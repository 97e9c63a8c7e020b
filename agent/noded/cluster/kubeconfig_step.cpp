#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/config/documents.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/cluster/cluster_rights.hpp"
#include "agent/noded/cluster/kubeconfig_copy.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/machine/user_file.hpp"
#include "agent/noded/step/admin_conf.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char rights_path[] = "/run/kagent/rights.yaml";
constexpr char rights_applied[] = "/var/lib/kagent-noded/rights-applied";
constexpr char agent_user[] = "kagent:agent";
constexpr auto certificate_lifetime = std::chrono::hours(24 * 7);

// The folder belongs to kagentd, so links in it are not followed.
UserFile agent_config(const Context& context) {
  const std::filesystem::path path = context.at(paths::agent_kubeconfig);
  return {path.parent_path().string(), "", path.filename().string()};
}

// Good: from this cluster's CA, and in the first half of its validity.
bool agent_config_is_good(const Context& context) {
  const auto text = read_user_file(agent_config(context));
  const auto ca = read_file(context.at(cluster_ca));
  if (!text || !*text || !ca) return false;
  const auto documents = config::parse_documents(**text);
  if (!documents || documents->empty()) return false;
  try {
    const auto& config = documents->front();
    const auto& user = config.at("users").at(0).at("user");
    const auto& cluster = config.at("clusters").at(0).at("cluster");
    const auto pem = config::decode_base64(user.at("client-certificate-data").get<std::string>());
    const auto known = cluster.at("certificate-authority-data").get<std::string>();
    if (!pem || known != config::encode_base64(*ca)) return false;
    const auto certificate = pki::certificate_from_pem(*pem);
    if (!certificate) return false;
    const auto validity = pki::validity_of(*certificate);
    if (!validity) return false;
    const auto half = validity->not_before + (validity->not_after - validity->not_before) / 2;
    return std::chrono::system_clock::now() < half;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

Result<> write_agent_config(const Context& context) {
  const auto ca_pem = read_file(context.at(cluster_ca));
  if (!ca_pem) return ca_pem.error();
  const auto key_pem = read_file(context.at(cluster_ca_key));
  if (!key_pem) return key_pem.error();
  const auto ca = pki::certificate_from_pem(*ca_pem);
  if (!ca) return ca.error().context(cluster_ca);
  const auto ca_key = pki::key_from_pem(*key_pem);
  if (!ca_key) return ca_key.error().context(cluster_ca_key);
  const auto key = pki::generate_key();
  if (!key) return key.error();
  pki::IssueRequest request;
  request.subject = {"kagent:agents", agent_user};
  request.lifetime = certificate_lifetime;
  const auto certificate = pki::issue(request, *key, *ca, *ca_key);
  if (!certificate) return certificate.error();
  const auto certificate_text = pki::to_pem(*certificate);
  const auto key_text = pki::key_to_pem(*key);
  const auto server = api_server_of(context.root);
  if (!certificate_text) return certificate_text.error();
  if (!key_text) return key_text.error();
  if (!server) return server.error();

  using nlohmann::json;
  json cluster{{"name", "kubernetes"}};
  cluster["cluster"]["server"] = *server;
  cluster["cluster"]["certificate-authority-data"] = config::encode_base64(*ca_pem);
  json user{{"name", agent_user}};
  user["user"]["client-certificate-data"] = config::encode_base64(*certificate_text);
  user["user"]["client-key-data"] = config::encode_base64(*key_text);
  json entry{{"name", agent_user}};
  entry["context"]["cluster"] = "kubernetes";
  entry["context"]["user"] = agent_user;
  json config{{"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", agent_user}};
  config["clusters"] = json::array({std::move(cluster)});
  config["users"] = json::array({std::move(user)});
  config["contexts"] = json::array({std::move(entry)});
  const auto kagent = account("kagent");
  if (!kagent) return Error(Errc::not_found, "user kagent does not exist");
  return write_user_file(agent_config(context), config::to_yaml({config}), *kagent);
}

bool rights_are_applied(const Context& context) {
  const auto stamp = read_file(context.at(rights_applied));
  const auto ca = read_file(context.at(cluster_ca));
  return stamp && ca && *stamp == pki::sha256_hex(std::string(cluster_rights) + *ca);
}

class Kubeconfig final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "kubeconfig"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    const auto copies = kubeconfig_copies(*context);
    for (const auto& copy : copies)
      if (copy.state == KubeconfigCopy::State::wanted) found.need("write " + copy.path);
    if (!rights_are_applied(*context)) found.need("apply the rights of kagent:agent");
    if (!agent_config_is_good(*context))
      found.need(fmt::format("write {}", paths::agent_kubeconfig));
    for (const auto& copy : copies)
      if (copy.state == KubeconfigCopy::State::left) found.leave(copy.why);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    for (const auto& copy : kubeconfig_copies(*context)) {
      if (copy.state != KubeconfigCopy::State::wanted) continue;
      if (auto written = write_kubeconfig_copy(*context, copy); !written)
        co_return failed(name(), written.error());
    }
    if (!rights_are_applied(*context)) {
      Outcome applied = co_await apply_rights(context);
      if (!applied.ok()) co_return applied;
    }
    if (!agent_config_is_good(*context))
      if (auto written = write_agent_config(*context); !written)
        co_return failed(name(), written.error());
    co_return succeeded();
  }

 private:
  static asio::awaitable<Outcome> apply_rights(ContextPtr context) {
    const FileWant file{rights_path, cluster_rights, 0600};
    if (auto written = write_in_place(*context, file); !written)
      co_return failed("kubeconfig", written.error());
    Command::Argv argv{"kubectl", "--kubeconfig", admin_conf, "apply", "-f", rights_path};
    Command command(unit_name("kubeconfig"), std::move(argv), 60s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("kubeconfig", run.error());
    if (!run->ok())
      co_return co_await unit_failed(*run, "kubeconfig.api-refused",
                                     "the rights of kagent's agent could not be applied",
                                     "See the journal lines; kagent tries again by itself.");
    const auto ca = read_file(context->at(cluster_ca));
    if (!ca) co_return failed("kubeconfig", ca.error());
    const FileWant stamp{rights_applied, pki::sha256_hex(std::string(cluster_rights) + *ca), 0600};
    if (auto written = write_in_place(*context, stamp); !written)
      co_return failed("kubeconfig", written.error());
    co_return succeeded(*run);
  }
};

}  // namespace

std::unique_ptr<Step> make_kubeconfig() {
  return std::make_unique<Kubeconfig>();
}

}  // namespace kagent::noded
