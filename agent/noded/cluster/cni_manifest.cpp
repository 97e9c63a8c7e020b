#include "agent/noded/cluster/cni_manifest.hpp"

#include "agent/common/config/rules.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <functional>
#include <sstream>

namespace kagent::noded {
namespace {

// For each match, replaces its group 2 with the result of `right`.
void correct(std::string& text, std::vector<std::string>& corrections, const RE2& pattern,
             std::string_view what, const std::function<std::string(const std::string&)>& right) {
  std::string out;
  std::size_t from = 0;
  std::array<re2::StringPiece, 3> groups;
  while (pattern.Match(text, from, text.size(), RE2::UNANCHORED, groups.data(), groups.size())) {
    const re2::StringPiece& found = groups[2];
    const auto at = static_cast<std::size_t>(found.data() - text.data());
    const std::string now(found);
    const std::string then = right(now);
    if (now != then)
      corrections.push_back(
          fmt::format("{} {} becomes the cluster's pod CIDR {}", what, now, then));
    out.append(text, from, at - from).append(then);
    from = at + found.size();
  }
  out.append(text, from);
  text = std::move(out);
}

void give_second_range(CniManifest& manifest, const std::string& v6) {
  static const RE2 network(R"re(("Network"\s*:\s*"[0-9./]+"))re");
  static const RE2 second(R"re(("IPv6Network"\s*:\s*")([0-9A-Fa-f:./]+)("))re");
  if (RE2::PartialMatch(manifest.text, second))
    return correct(manifest.text, manifest.corrections, second, "net-conf.json: IPv6Network",
                   [&](const std::string&) { return v6; });
  re2::StringPiece match;
  if (!RE2::PartialMatch(manifest.text, network, &match)) return;
  const std::string given = fmt::format(R"(, "EnableIPv6": true, "IPv6Network": "{}")", v6);
  manifest.text.insert(static_cast<std::size_t>(match.end() - manifest.text.data()), given);
  manifest.corrections.push_back("net-conf.json: IPv6Network becomes the cluster's pod CIDR " + v6);
}

bool is_installation(const std::string& document) {
  static const RE2 kind(R"re((^|\n)kind:\s*"?Installation"?\s*(\n|$))re");
  return RE2::PartialMatch(document, kind) &&
         document.find("operator.tigera.io/") != std::string::npos;
}

void correct_installations(CniManifest& manifest, const PodCidrs& cluster) {
  static const RE2 pool(R"re((\n[ -]*cidr:[ ]*["']?)([0-9A-Fa-f:./]+)(["']?))re");
  const auto right = [&](const std::string& cidr) {
    const auto& range = cidr.find(':') == std::string::npos ? cluster.v4 : cluster.v6;
    return range.empty() || config::cidr_contains(range, cidr) ? cidr : range;
  };
  std::string all;
  for (std::size_t from = 0; from < manifest.text.size();) {
    const auto end = std::min(manifest.text.find("\n---", from), manifest.text.size());
    const auto next = std::min(end + 1, manifest.text.size());
    std::string document = manifest.text.substr(from, next - from);
    if (is_installation(document))
      correct(document, manifest.corrections, pool, "Installation: ipPools cidr", right);
    all += document;
    from = next;
  }
  manifest.text = std::move(all);
}

}  // namespace

PodCidrs pod_cidrs(std::string_view list) {
  PodCidrs cidrs;
  std::istringstream in{std::string(list)};
  for (std::string one; std::getline(in, one, ',');)
    (one.find(':') == std::string::npos ? cidrs.v4 : cidrs.v6) = one;
  return cidrs;
}

CniManifest correct_cni_manifest(std::string_view manifest, const PodCidrs& cluster) {
  static const RE2 flannel(R"re(("Network"\s*:\s*")([0-9./]+)("))re");
  static const RE2 calico(
      R"re((\n\s*- name:\s*"?CALICO_IPV4POOL_CIDR"?\s*\n\s*value:\s*"?)([0-9./]+)("?))re");
  CniManifest result{std::string(manifest), {}};
  const auto range = [&](const std::string&) { return cluster.v4; };
  if (!cluster.v4.empty()) {
    correct(result.text, result.corrections, flannel, "net-conf.json: Network", range);
    correct(result.text, result.corrections, calico, "CALICO_IPV4POOL_CIDR", range);
  }
  if (!cluster.v4.empty() && !cluster.v6.empty()) give_second_range(result, cluster.v6);
  correct_installations(result, cluster);
  return result;
}

bool brings_kinds(std::string_view manifest) {
  static const RE2 kind(R"re((^|\n)kind:\s*"?CustomResourceDefinition"?\s*(\n|$))re");
  return RE2::PartialMatch(manifest, kind);
}

}  // namespace kagent::noded
