#include "agent/node/cni_manifest.hpp"

#include <fmt/format.h>

#include <regex>

namespace kagent::node {
namespace {

void correct(CniManifest& manifest, const std::regex& pattern, std::string_view pod_cidr,
             std::string_view what) {
  std::string out;
  auto from = manifest.text.cbegin();
  std::smatch match;
  while (std::regex_search(from, manifest.text.cend(), match, pattern)) {
    out.append(from, match[2].first);
    if (match[2].str() != pod_cidr)
      manifest.corrections.push_back(
          fmt::format("{} {} becomes the cluster's pod CIDR {}", what, match[2].str(), pod_cidr));
    out += pod_cidr;
    from = match[2].second;
  }
  out.append(from, manifest.text.cend());
  manifest.text = std::move(out);
}

}  // namespace

CniManifest correct_cni_manifest(std::string_view manifest, std::string_view pod_cidr) {
  static const std::regex flannel(R"re(("Network"\s*:\s*")([0-9./]+)("))re");
  static const std::regex calico(
      R"re((\n\s*- name:\s*"?CALICO_IPV4POOL_CIDR"?\s*\n\s*value:\s*"?)([0-9./]+)("?))re");
  CniManifest result{std::string(manifest), {}};
  if (pod_cidr.empty()) return result;
  correct(result, flannel, pod_cidr, "net-conf.json: Network");
  correct(result, calico, pod_cidr, "CALICO_IPV4POOL_CIDR");
  return result;
}

}  // namespace kagent::node
