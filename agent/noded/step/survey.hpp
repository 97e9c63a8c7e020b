#pragma once

#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

namespace kagent::noded {

// Records in Context::before what kagent is about to change, unless that was done before. Changes
// nothing else.
boost::asio::awaitable<Result<>> take_survey(ContextPtr context);

// Named as by sysctl.
inline constexpr const char* surveyed_settings[] = {
    "net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables", "net.ipv6.conf.default.forwarding",
    "net.ipv6.conf.all.forwarding"};

// Folders that only kubeadm, kubelet and CNI plugins fill.
inline constexpr const char* surveyed_folders[] = {
    "/etc/cni/net.d", "/etc/kubernetes",     "/var/lib/kubelet", "/var/lib/etcd",
    "/var/lib/cni",   "/var/lib/calico",     "/run/flannel",     "/run/calico",
    "/var/log/pods",  "/var/log/containers", "/root/.kube/cache"};

// Values of surveyed_settings; a setting that the kernel does not have is left out.
boost::asio::awaitable<Result<std::map<std::string, std::string>>> read_settings(
    ContextPtr context);
boost::asio::awaitable<Result<UnitWas>> look_at_unit(ContextPtr context, std::string unit);

}  // namespace kagent::noded
