#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/config.pb.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// kubeadm's configuration, as documents of the API version that the installed kubeadm reads. Pure.
// Sources: kubeadm's reference of v1beta3 (1.22) and v1beta4 (1.31).
namespace kagent::noded::kubeadm {

struct Version {
  int major = 0;
  int minor = 0;
  std::string text;  // "v1.22.4"
};
// Input: `kubeadm version -o short`. The last line that is a version counts.
std::optional<Version> parse_version(std::string_view output);

// This node's part of the documents.
struct NodeRegistration {
  std::string name;
  std::string cri_socket;
  std::string address;  // empty: kubeadm uses the address of the default route
  std::string patches;  // folder of the ClusterConfig's patches; empty: none
  const v1::NodeConfig* node = nullptr;
};

struct InitSecrets {
  std::string bootstrap_token;  // used only during init
  std::string certificate_key;  // empty: the cluster gets no further control planes
};

// InitConfiguration, ClusterConfiguration, KubeletConfiguration and KubeProxyConfiguration, with
// the raw documents of the ClusterConfig merged over them. Errors: invalid_argument (a raw document
// is wrong), failed_precondition (kubeadm is too old).
Result<std::string> init_documents(const v1::ClusterConfig& cluster,
                                   const NodeRegistration& registration, const Version& kubeadm,
                                   const InitSecrets& secrets);

struct JoinSecrets {
  std::string discovery_file;  // path of a kubeconfig with server and CA, but without credentials
  std::string bootstrap_token;
  std::string certificate_key;  // for a control plane, else empty
  bool control_plane = false;
};
Result<std::string> join_documents(const v1::ClusterConfig& cluster,
                                   const NodeRegistration& registration, const Version& kubeadm,
                                   const JoinSecrets& secrets);

// For `kubeadm config images`: ClusterConfiguration, and this node's name and CRI socket. Without
// the socket, kubeadm before 1.29 would search for one itself and fail if it finds two.
Result<std::string> images_documents(const v1::ClusterConfig& cluster,
                                     const NodeRegistration& registration, const Version& kubeadm);

// Whether ignorePreflightErrors contains "all". It must go on the command line: older versions of
// kubeadm refuse it in a file.
bool ignores_all(const v1::ClusterConfig& cluster);
inline constexpr char ignore_all[] = "--ignore-preflight-errors=all";

std::string discovery_kubeconfig(std::string_view api_server, std::string_view ca_pem);
// The same for kubectl, which needs a context and a user, or else asks on the terminal. No API
// server knows this user.
std::string anonymous_kubeconfig(std::string_view api_server, std::string_view ca_pem);

// Names of the failed checks in kubeadm's output: "Port-6443" of "[ERROR Port-6443]: ...". kubeadm
// does not translate these names.
std::vector<std::string> failed_checks(const std::vector<std::string>& output);

// Name of the phase that failed: "check-etcd" of "error execution phase check-etcd: ...". Empty if
// none failed. kubeadm does not translate it.
std::string failed_phase(const std::vector<std::string>& output);

// Whether an API server has refused the token. Looks for client-go's word, since the number 401 may
// also be part of a time of day.
bool is_unauthorized(const std::vector<std::string>& output);

}  // namespace kagent::noded::kubeadm
