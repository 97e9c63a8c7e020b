#pragma once

#include <optional>
#include <string>
#include <string_view>

// Is one value well formed? Each returns what was expected, or nothing if all is well. Sources: RFC
// 1123 for names, Kubernetes' validation of labels and taints, kubelet's for those that it may give
// its node (k8s.io/kubelet, pkg/apis/well_known_labels.go), kubeadm's reference for the rest.
namespace kagent::config {

using Complaint = std::optional<std::string>;

Complaint check_label(std::string_view key, std::string_view value);  // of a node, by its kubelet
Complaint check_taint(std::string_view taint);                        // key[=value]:Effect
Complaint check_ip(std::string_view address);
Complaint check_endpoint(std::string_view endpoint);           // HOST[:PORT]
Complaint check_dns_name(std::string_view name);               // RFC 1123 subdomain
Complaint check_kubernetes_version(std::string_view version);  // vX.Y.Z
std::optional<int> minor_of(std::string_view version);         // Y, if it is well formed
Complaint check_manifest(std::string_view source);             // absolute path or https://
Complaint check_drop_in_name(std::string_view name);           // plain *.toml
// Of kubelet, without leading dashes; the labels of node-labels too.
Complaint check_flag(std::string_view flag, std::string_view value);
Complaint check_repository(std::string_view url);  // https://, http:// or file:///, no password
Complaint check_mirror(std::string_view url);      // https:// or http://, of a registry
Complaint check_json_object(const std::string& text);
Complaint check_key(std::string_view source);    // absolute path or https://
Complaint check_package(std::string_view name);  // of Debian or RPM
Complaint check_aws_account(std::string_view account);
Complaint check_user_name(std::string_view user);
// A list of CIDRs, comma-separated for dual stack, at most one of each family.
Complaint check_cidrs(std::string_view cidrs);
bool cidrs_overlap(std::string_view left, std::string_view right);  // both well formed
// Whether one range of the list `outer` holds all of `inner`.
bool cidr_contains(std::string_view outer, std::string_view inner);
Complaint check_patch_name(
    std::string_view name);  // TARGET[SUFFIX][+TYPE].(yaml|json), as kubeadm's

}  // namespace kagent::config
