#include "agent/kagentd/kubernetes/certificate_requests.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/trust/pki.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::kubernetes {
namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr char requests_path[] = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
constexpr char signer[] = "kubernetes.io/kube-apiserver-client-kubelet";
constexpr std::string_view node_prefix = "system:node:";

using Names = std::vector<std::string>;

bool has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Why the request is refused; empty: it is not.
std::string refusal_of(const pki::RequestedName& wanted, const Names& groups, const Names& usages) {
  if (wanted.organizations != Names{"system:nodes"} || !wanted.common_name.starts_with(node_prefix))
    return "it asks for \"" + wanted.common_name + "\", which is not a node";
  if (wanted.has_extensions) return "it asks for more names";
  for (const std::string& usage : usages)
    if (usage != "digital signature" && usage != "key encipherment" && usage != "client auth")
      return "it asks for the usage \"" + usage + "\"";
  const std::string node = wanted.common_name.substr(node_prefix.size());
  if (!has(groups, group_of_node(node))) return "its token was made for another node";
  return {};
}

asio::awaitable<void> carry_out(std::shared_ptr<Client> client, Verdict verdict,
                                std::function<void(Verdict)> judged) {
  if (verdict.refusal.empty()) {
    json condition{{"type", "Approved"}, {"status", "True"}, {"reason", "KagentApproved"}};
    condition["message"] = "Its bootstrap token was made for this node.";
    json patch;
    patch["metadata"]["resourceVersion"] = verdict.resource_version;
    patch["status"]["conditions"] = json::array({std::move(condition)});
    const std::string target =
        std::string(requests_path) + "/" + path_part(verdict.request) + "/approval";
    std::string body = patch.dump();
    auto response = co_await client->request("PATCH", target, std::move(body));
    Result<> outcome;
    if (!response)
      outcome = response.error();
    else if (!response->ok() && response->status != 409 && response->status != 404)
      outcome = response->error();
    if (!outcome) {
      log::warning("the certificate request {} of {} could not be approved: {}", verdict.request,
                   verdict.node, outcome.error().message());
      co_return;
    }
    if (!response->ok()) co_return;  // another control plane has decided
  }
  judged(std::move(verdict));
}

}  // namespace

std::string group_of_node(std::string_view node_name) {
  return std::string(bootstrap_group) + ":node:" + pki::sha256_hex(node_name);
}

namespace {

// The token and the name of a request that somebody has approved; else empty.
std::pair<std::string, std::string> approved(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return {};
  const json& spec = object.value("spec", json::object());
  const json status = object.value("status", json::object());
  if (spec.value("signerName", "") != signer ||
      !has(spec.value("groups", Names{}), bootstrap_group))
    return {};
  for (const json& condition : status.value("conditions", json::array()))
    if (condition.value("type", "") == "Approved")
      return {spec.value("username", ""),
              object.value("metadata", json::object()).value("name", "")};
  return {};
}

}  // namespace

Result<std::optional<Verdict>> judge(std::string_view text) {
  try {
    const json object = json::parse(text);
    const json& spec = object.at("spec");
    const json status = object.value("status", json::object());
    const auto groups = spec.value("groups", Names{});
    if (spec.at("signerName").get<std::string>() != signer || !has(groups, bootstrap_group) ||
        !status.value("conditions", json::array()).empty() || status.contains("certificate"))
      return std::optional<Verdict>{};
    Verdict verdict;
    verdict.request = object.at("metadata").at("name").get<std::string>();
    verdict.resource_version = object.at("metadata").at("resourceVersion").get<std::string>();
    verdict.token = spec.at("username").get<std::string>();
    const auto pem = config::decode_base64(spec.at("request").get<std::string>());
    if (!pem) return Error(Errc::protocol, "a CertificateSigningRequest is not base64");
    const auto wanted = pki::requested_name(*pem);
    if (!wanted) {
      verdict.refusal = wanted.error().message();
      return std::optional(std::move(verdict));
    }
    verdict.refusal = refusal_of(*wanted, groups, spec.value("usages", Names{}));
    if (wanted->common_name.starts_with(node_prefix))
      verdict.node = wanted->common_name.substr(node_prefix.size());
    return std::optional(std::move(verdict));
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("a CertificateSigningRequest: ") + error.what());
  }
}

Result<> CertificateRequests::look(const std::string& text) {
  if (const auto [token, request] = approved(text); !token.empty())
    spent_.try_emplace(token, request);
  auto judged = judge(text);
  if (!judged) return judged.error();
  if (!*judged) return {};
  Verdict& verdict = **judged;
  if (verdict.refusal.empty()) {
    const auto [spent, first] = spent_.try_emplace(verdict.token, verdict.request);
    if (!first && spent->second != verdict.request)
      verdict.refusal = "its token was used for the request " + spent->second;
  }
  if (!verdict.refusal.empty() && !refused_.insert(verdict.request).second) return {};
  verdicts_.push_back(std::move(verdict));
  return {};
}

void CertificateRequests::forget(const std::string& request) {
  refused_.erase(request);
  std::erase_if(spent_, [&](const auto& each) { return each.second == request; });
}

Result<> CertificateRequests::list(std::string_view text) {
  try {
    const json document = json::parse(text);
    verdicts_.clear();
    for (const json& item : document.at("items"))
      if (auto looked = look(item.dump()); !looked) return looked;
    resource_version_ = document.at("metadata").at("resourceVersion").get<std::string>();
    return {};
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("a list of certificate requests: ") + error.what());
  }
}

Result<> CertificateRequests::event(std::string_view text) {
  try {
    const json document = json::parse(text);
    const auto type = document.at("type").get<std::string>();
    const json& object = document.at("object");
    if (type == "ERROR")
      return Error(Errc::failed_precondition, object.value("message", "the watch is too old"));
    const json metadata = object.value("metadata", json::object());
    resource_version_ = metadata.value("resourceVersion", resource_version_);
    if (type == "DELETED") forget(metadata.value("name", ""));
    if (type == "BOOKMARK" || type == "DELETED") return {};
    return look(object.dump());
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("a watch event: ") + error.what());
  }
}

asio::awaitable<void> approve_nodes(std::shared_ptr<Client> client, Tasks& tasks,
                                    std::function<void(Verdict)> judged) {
  CertificateRequests requests;
  std::function<void()> taken = [&] {
    for (Verdict& verdict : requests.take())
      tasks.start(carry_out(client, std::move(verdict), judged));
  };
  co_await follow(client, requests_path, "certificate requests", requests, std::move(taken));
}

}  // namespace kagent::kubernetes
