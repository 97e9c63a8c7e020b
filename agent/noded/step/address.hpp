#pragma once

#include "agent/noded/step/context.hpp"

#include <string>

// The node's IP address.
namespace kagent::noded {

// The address that kubeadm and kubelet must be told: nodeIP, or the only address of a node that has
// no default route. "" where kubeadm and kubelet find the address themselves.
std::string given_address(const Context& context);
// The address that kubeadm advertises: the given address, or the address of the default route's
// interface. IPv4 unless nodeIP is IPv6; "" if there is none.
std::string own_address(const Context& context);

}  // namespace kagent::noded
