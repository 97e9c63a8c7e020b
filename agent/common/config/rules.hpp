#pragma once

#include <optional>
#include <string>
#include <string_view>

// Checks of single values. Each returns what was expected, or nothing if the value is well formed.
// Sources: RFC 1123 for names; Kubernetes' validation of labels and taints; for labels that kubelet
// may set on its own node k8s.io/kubelet, pkg/apis/well_known_labels.go; else kubeadm's reference.
namespace kagent::config {

using Complaint = std::optional<std::string>;

// A label that kubelet sets on its node.
Complaint check_label(std::string_view key, std::string_view value);
Complaint check_taint(std::string_view taint);  // key[=value]:Effect
Complaint check_ip(std::string_view address);
Complaint check_endpoint(std::string_view endpoint);           // HOST[:PORT]
Complaint check_dns_name(std::string_view name);               // RFC 1123 subdomain
Complaint check_kubernetes_version(std::string_view version);  // vX.Y.Z
std::optional<int> minor_of(std::string_view version);         // Y, if it is well formed
Complaint check_manifest(std::string_view source);             // absolute path or https://
Complaint check_drop_in_name(std::string_view name);           // plain *.toml
// A flag of kubelet, without leading dashes. Checks the labels in node-labels too.
Complaint check_flag(std::string_view flag, std::string_view value);
Complaint check_repository(std::string_view url);  // https://, http:// or file:///, no password
Complaint check_mirror(std::string_view url);      // https:// or http://, of a registry
Complaint check_json_object(const std::string& text);
Complaint check_key(std::string_view source);    // absolute path or https://
Complaint check_package(std::string_view name);  // of Debian or RPM
Complaint check_aws_account(std::string_view account);
Complaint check_user_name(std::string_view user);
// CIDRs, separated by commas for dual stack; at most one of each family.
Complaint check_cidrs(std::string_view cidrs);
bool cidrs_overlap(std::string_view left, std::string_view right);  // both well formed
// Whether one range in the list `outer` contains all of `inner`.
bool cidr_contains(std::string_view outer, std::string_view inner);
Complaint check_patch_name(
    std::string_view name);  // TARGET[SUFFIX][+TYPE].(yaml|json), as kubeadm's

}  // namespace kagent::config
