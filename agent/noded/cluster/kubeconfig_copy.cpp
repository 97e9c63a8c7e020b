#include "agent/noded/cluster/kubeconfig_copy.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/documents.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/noded/machine/user_file.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::noded {
namespace {

using State = KubeconfigCopy::State;

UserFile file_of(const Context& context, const Account& user) {
  return {context.at(user.home).string(), ".kube", "config"};
}

std::string path_of(const Account& user) {
  return user.home + "/.kube/config";
}

bool leads_to(std::string_view kubeconfig, std::string_view ca_pem) {
  const auto documents = config::parse_documents(kubeconfig);
  if (!documents || documents->size() != 1) return false;
  if (ca_pem.empty()) return false;
  const std::string ca = config::encode_base64(ca_pem);
  try {
    const auto& clusters = documents->front().at("clusters");
    return std::ranges::any_of(clusters, [&](const nlohmann::json& entry) {
      return entry.at("cluster").value("certificate-authority-data", "") == ca;
    });
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

KubeconfigCopy look_at(const Context& context, const Account& user) {
  KubeconfigCopy copy;
  copy.user = user.name;
  copy.path = path_of(user);
  const auto left = [&](std::string why) {
    copy.state = State::left;
    copy.why = std::move(why);
    return copy;
  };
  const auto now = read_user_file(file_of(context, user));
  if (!now && now.error().code() == Errc::not_found)
    return left(fmt::format("{} is not written: {} has no home", copy.path, user.name));
  if (!now) return left(fmt::format("{} is not written: {}", copy.path, now.error().message()));
  const std::string admin = text_of(context, admin_conf);
  const auto written =
      *now && context.before ? context.before->wrote(copy.path, **now) : Result<bool>(false);
  if (!*now || (written && *written) || **now == admin) {
    if (admin.empty() || !is_user_file(file_of(context, user), admin, user))
      copy.state = State::wanted;
    return copy;
  }
  if (leads_to(**now, text_of(context, cluster_ca))) return copy;
  return left(
      fmt::format("{} belongs to a person and leads to another cluster; "
                  "if you move it away, kagent writes a new file",
                  copy.path));
}

}  // namespace

std::vector<KubeconfigCopy> kubeconfig_copies(const Context& context) {
  std::vector<std::string> names{"root"};
  for (const auto& name : context.cluster.kubeconfig_users()) names.push_back(name);
  std::vector<KubeconfigCopy> copies;
  for (const auto& name : names) {
    if (const auto user = account(name)) {
      copies.push_back(look_at(context, *user));
      continue;
    }
    KubeconfigCopy missing;
    missing.user = name;
    missing.state = State::left;
    missing.why = fmt::format("kubeconfigUsers names {}, but there is no such user", name);
    copies.push_back(std::move(missing));
  }
  return copies;
}

Result<> write_kubeconfig_copy(const Context& context, const KubeconfigCopy& copy) {
  const auto user = account(copy.user);
  if (!user) return Error(Errc::not_found, "there is no user " + copy.user);
  const auto admin = read_file(context.at(admin_conf));
  if (!admin) return admin.error();
  if (context.before)
    if (auto kept = context.before->writing(copy.path, *admin); !kept) return kept;
  return write_user_file(file_of(context, *user), *admin, *user);
}

}  // namespace kagent::noded
