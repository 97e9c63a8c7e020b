#include "agent/common/config/rules.hpp"

#include "agent/common/base/names.hpp"
#include "agent/common/values/values.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <re2/re2.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace kagent::config {
namespace {

namespace ip = boost::asio::ip;

// RE2 takes time linear in the text and no stack, whatever the text is. Longer texts match nothing.
bool matches(std::string_view text, const char* pattern) {
  constexpr std::size_t longest = 2048;
  return text.size() <= longest && RE2::FullMatch(text, pattern);
}

bool is_label_name(std::string_view text) {
  return text.size() <= 63 && matches(text, "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");
}

bool is_label_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return is_label_name(key);
  return is_node_name(key.substr(0, slash)) && is_label_name(key.substr(slash + 1));
}

bool is_label_value(std::string_view value) {
  return value.empty() || is_label_name(value);
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t from = 0;;) {
    const auto end = text.find(at, from);
    parts.emplace_back(text.substr(from, end - from));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

// The labels in Kubernetes' own domains that kubelet accepts; with any other it does not start.
bool may_be_given_by_kubelet(std::string_view key) {
  constexpr std::string_view known[] = {"kubernetes.io/hostname",
                                        "kubernetes.io/os",
                                        "kubernetes.io/arch",
                                        "topology.kubernetes.io/zone",
                                        "topology.kubernetes.io/region",
                                        "node.kubernetes.io/instance-type",
                                        "beta.kubernetes.io/os",
                                        "beta.kubernetes.io/arch",
                                        "beta.kubernetes.io/instance-type",
                                        "failure-domain.beta.kubernetes.io/zone",
                                        "failure-domain.beta.kubernetes.io/region"};
  if (std::ranges::find(known, key) != std::end(known)) return true;
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return true;
  const auto is_in = [space = key.substr(0, slash)](const std::string& of) {
    return space == of || space.ends_with("." + of);
  };
  if (is_in("kubelet.kubernetes.io") || is_in("node.kubernetes.io")) return true;
  return !is_in("kubernetes.io") && !is_in("k8s.io");
}

Complaint check_node_labels(std::string_view list) {
  for (const std::string& label : split(list, ',')) {
    const auto equals = label.find('=');
    if (equals == std::string::npos) return "expected KEY=VALUE,..., found \"" + label + "\"";
    if (auto wrong = check_label(label.substr(0, equals), label.substr(equals + 1)))
      return label + ": " + *wrong;
  }
  return std::nullopt;
}

struct Range {
  bool v6 = false;
  ip::network_v4 four;
  ip::network_v6 six;
};

std::optional<Range> range_of(const std::string& cidr) {
  boost::system::error_code failed;
  Range range;
  range.four = ip::make_network_v4(cidr, failed);
  if (!failed && cidr.find('/') != std::string::npos) return range;
  range.six = ip::make_network_v6(cidr, failed);
  range.v6 = true;
  if (!failed && cidr.find('/') != std::string::npos) return range;
  return std::nullopt;
}

bool is_canonical(const Range& range) {
  return range.v6 ? range.six.canonical() == range.six : range.four.canonical() == range.four;
}

bool overlap(const Range& left, const Range& right) {
  if (left.v6 != right.v6) return false;
  const auto inside = [](const auto& a, const auto& b) {
    return a.canonical() == b.canonical() || a.is_subnet_of(b) || b.is_subnet_of(a);
  };
  return left.v6 ? inside(left.six, right.six) : inside(left.four, right.four);
}

}  // namespace

Complaint check_label(std::string_view key, std::string_view value) {
  if (!is_label_key(key)) return "expected a label key such as example.com/disk";
  if (!is_label_value(value)) return "expected a label value of at most 63 of A-Za-z0-9-_.";
  if (!may_be_given_by_kubelet(key))
    return "kubelet may not give its node the label " + std::string(key) +
           ": of kubernetes.io and k8s.io only node.kubernetes.io/, kubelet.kubernetes.io/ and the "
           "well-known ones; give it by kubectl label";
  return std::nullopt;
}

Complaint check_taint(std::string_view taint) {
  const auto colon = taint.rfind(':');
  if (colon != std::string_view::npos) {
    const auto effect = taint.substr(colon + 1);
    const auto pair = taint.substr(0, colon);
    const auto equals = pair.find('=');
    const bool good = is_label_key(pair.substr(0, equals)) &&
                      (equals == std::string_view::npos || is_label_value(pair.substr(equals + 1)));
    if (good && (effect == "NoSchedule" || effect == "PreferNoSchedule" || effect == "NoExecute"))
      return std::nullopt;
  }
  return "expected key[=value]:NoSchedule, :PreferNoSchedule or :NoExecute";
}

Complaint check_ip(std::string_view address) {
  boost::system::error_code failed;
  (void)ip::make_address(address, failed);
  if (failed) return "expected an IPv4 or IPv6 address";
  return std::nullopt;
}

Complaint check_dns_name(std::string_view name) {
  if (!is_node_name(name)) return "expected a DNS name in lower case (RFC 1123)";
  return std::nullopt;
}

Complaint check_endpoint(std::string_view endpoint) {
  std::string_view host = endpoint;
  std::string_view port;
  if (endpoint.starts_with('[')) {
    const auto end = endpoint.find(']');
    host = endpoint.substr(1, end == std::string_view::npos ? end : end - 1);
    if (end != std::string_view::npos && end + 1 < endpoint.size()) port = endpoint.substr(end + 1);
  } else if (const auto colon = endpoint.find(':'); colon != std::string_view::npos) {
    host = endpoint.substr(0, colon);
    port = endpoint.substr(colon);
  }
  const bool port_good = port.empty() || (matches(port, ":[1-9][0-9]{0,4}") &&
                                          std::stoi(std::string(port.substr(1))) < 65536);
  if (!port_good || (check_ip(host) && check_dns_name(host)))
    return "expected HOST or HOST:PORT, HOST a DNS name, an IPv4 address or [IPv6]";
  return std::nullopt;
}

Complaint check_kubernetes_version(std::string_view version) {
  if (!values::KubernetesVersion::parse(version)) return "expected a version such as v1.32.4";
  return std::nullopt;
}

std::optional<int> minor_of(std::string_view version) {
  if (check_kubernetes_version(version)) return std::nullopt;
  constexpr auto start = std::string_view("v1.").size();
  int minor = 0;
  std::from_chars(version.data() + start, version.data() + version.size(), minor);
  return minor;
}

Complaint check_manifest(std::string_view source) {
  if (source.starts_with("https://") && source.size() > 8) return std::nullopt;
  if (source.starts_with('/') && source.find("/../") == std::string_view::npos) return std::nullopt;
  return "expected an absolute path on the node, or an https:// URL";
}

Complaint check_drop_in_name(std::string_view name) {
  if (!matches(name, "[A-Za-z0-9][A-Za-z0-9._-]*\\.toml"))
    return "expected a plain file name that ends in .toml";
  return std::nullopt;
}

Complaint check_flag(std::string_view flag, std::string_view value) {
  if (!matches(flag, "[a-z][a-z0-9-]*"))
    return "expected a kubelet flag without its leading dashes, such as max-pods";
  if (flag == "node-labels") return check_node_labels(value);
  return std::nullopt;
}

Complaint check_repository(std::string_view url) {
  if (!matches(url, "(https?://[A-Za-z0-9.:\\[\\]-]+|file://)/[A-Za-z0-9.:/~_+-]*"))
    return "expected an https://, http:// or file:/// URL without a password; one belongs into "
           "apt's auth.conf.d or dnf's own configuration";
  return std::nullopt;
}

Complaint check_mirror(std::string_view url) {
  if (!matches(url, "https?://[A-Za-z0-9.:\\[\\]-]+(/[A-Za-z0-9./_-]*)?"))
    return "expected the URL of a registry, such as https://mirror.example:5000";
  return std::nullopt;
}

Complaint check_json_object(const std::string& text) {
  google::protobuf::Struct object;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &object);
  if (!parsed.ok()) return "expected a JSON object: " + std::string(parsed.message());
  return std::nullopt;
}

Complaint check_key(std::string_view source) {
  if (matches(source, "(https://[A-Za-z0-9.:\\[\\]-]+)?/[A-Za-z0-9.:/~_+-]+") &&
      source.find("/../") == std::string_view::npos)
    return std::nullopt;
  return "expected an absolute path on the node, or an https:// URL";
}

Complaint check_package(std::string_view name) {
  if (!matches(name, "[A-Za-z0-9][A-Za-z0-9.+_-]*")) return "expected the name of a package";
  return std::nullopt;
}

Complaint check_user_name(std::string_view user) {
  if (!matches(user, "[a-z_][a-z0-9_-]{0,31}")) return "expected the name of a local user";
  return std::nullopt;
}

Complaint check_aws_account(std::string_view account) {
  if (!matches(account, "[0-9]{12}")) return "expected the 12 digits of an account id, in quotes";
  return std::nullopt;
}

Complaint check_cidrs(std::string_view cidrs) {
  int of_family[2] = {0, 0};
  for (const std::string& cidr : split(cidrs, ',')) {
    const auto range = range_of(cidr);
    if (!range) return "expected a range such as 10.244.0.0/16, found \"" + cidr + "\"";
    if (!is_canonical(*range)) return "\"" + cidr + "\" has bits set behind its prefix length";
    if (++of_family[range->v6 ? 1 : 0] > 1) return "expected at most one IPv4 and one IPv6 range";
  }
  return std::nullopt;
}

bool cidrs_overlap(std::string_view left, std::string_view right) {
  for (const std::string& a : split(left, ','))
    for (const std::string& b : split(right, ',')) {
      const auto first = range_of(a);
      const auto second = range_of(b);
      if (first && second && overlap(*first, *second)) return true;
    }
  return false;
}

bool cidr_contains(std::string_view outer, std::string_view inner) {
  const auto within = range_of(std::string(inner));
  if (!within) return false;
  for (const std::string& part : split(outer, ',')) {
    const auto range = range_of(part);
    if (!range || range->v6 != within->v6) continue;
    const auto holds = [](const auto& a, const auto& b) {
      return a.canonical() == b.canonical() || b.is_subnet_of(a);
    };
    if (range->v6 ? holds(range->six, within->six) : holds(range->four, within->four)) return true;
  }
  return false;
}

Complaint check_patch_name(std::string_view name) {
  if (!matches(name,
               "(kube-apiserver|kube-controller-manager|kube-scheduler|etcd|kubeletconfiguration|"
               "corednsdeployment)[a-z0-9-]*(\\+(strategic|merge|json))?\\.(yaml|json)"))
    return "expected kubeadm's form, such as kube-apiserver0+merge.yaml";
  return std::nullopt;
}

}  // namespace kagent::config
