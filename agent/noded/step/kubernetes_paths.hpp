#pragma once

// Files of kubeadm and kubelet that several rooms read (kubeadm's constants).
namespace kagent::noded {

inline constexpr char admin_conf[] = "/etc/kubernetes/admin.conf";
inline constexpr char kubelet_conf[] = "/etc/kubernetes/kubelet.conf";
inline constexpr char kubelet_config[] = "/var/lib/kubelet/config.yaml";
inline constexpr char cluster_ca[] = "/etc/kubernetes/pki/ca.crt";
inline constexpr char cluster_ca_key[] = "/etc/kubernetes/pki/ca.key";

}  // namespace kagent::noded
