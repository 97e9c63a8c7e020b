#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/config.pb.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What kubeadm is told, as documents of the version that it reads. Pure. Sources: kubeadm's
// reference of v1beta3 (1.22) and v1beta4 (1.31).
namespace kagent::noded::kubeadm {

struct Version {
  int major = 0;
  int minor = 0;
  std::string text;  // "v1.22.4"
};
// Of what `kubeadm version -o short` prints: the last line that is one.
std::optional<Version> parse_version(std::string_view output);

// What a document says of this node.
struct NodeRegistration {
  std::string name;
  std::string cri_socket;
  std::string address;  // empty: kubeadm finds it by the default route
  std::string patches;  // folder of the ClusterConfig's patches, empty: none
  const v1::NodeConfig* node = nullptr;
};

struct InitSecrets {
  std::string bootstrap_token;  // for init's own short use
  std::string certificate_key;  // empty: no further control plane
};

// InitConfiguration, ClusterConfiguration, KubeletConfiguration, KubeProxyConfiguration, with the
// raw ones of the ClusterConfig merged over them. Errors: invalid_argument (a raw document is
// wrong), failed_precondition (this kubeadm is too old).
Result<std::string> init_documents(const v1::ClusterConfig& cluster,
                                   const NodeRegistration& registration, const Version& kubeadm,
                                   const InitSecrets& secrets);

struct JoinSecrets {
  std::string discovery_file;  // path of a kubeconfig with server and CA, no credentials
  std::string bootstrap_token;
  std::string certificate_key;  // of a control plane, else empty
  bool control_plane = false;
};
Result<std::string> join_documents(const v1::ClusterConfig& cluster,
                                   const NodeRegistration& registration, const Version& kubeadm,
                                   const JoinSecrets& secrets);

// For `kubeadm config images`: ClusterConfiguration, and this node's name and CRI socket, for which
// kubeadm before 1.29 would look itself and give up where there are two.
Result<std::string> images_documents(const v1::ClusterConfig& cluster,
                                     const NodeRegistration& registration, const Version& kubeadm);

// "all" of ignorePreflightErrors goes on the command line: kubeadm has long refused it in a file.
bool ignores_all(const v1::ClusterConfig& cluster);
inline constexpr char ignore_all[] = "--ignore-preflight-errors=all";

std::string discovery_kubeconfig(std::string_view api_server, std::string_view ca_pem);
// The same for kubectl, which wants a context, and asks the terminal for a user where none is: one
// whom no API server knows.
std::string anonymous_kubeconfig(std::string_view api_server, std::string_view ca_pem);

// Names of the failed checks in kubeadm's output: "Port-6443" of "[ERROR Port-6443]: ...". They
// are not translated.
std::vector<std::string> failed_checks(const std::vector<std::string>& output);

// Name of the phase that failed: "check-etcd" of "error execution phase check-etcd: ...". Empty:
// none did. It is not translated.
std::string failed_phase(const std::vector<std::string>& output);

// Whether an API server has refused the token, by client-go's word for it: numbers of that kind are
// in times of the day too.
bool is_unauthorized(const std::vector<std::string>& output);

}  // namespace kagent::noded::kubeadm
