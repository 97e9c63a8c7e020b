#pragma once

#include "agent/noded/kubeadm/documents.hpp"
#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

// The installed kubeadm, and what every call of it is told about this node.
namespace kagent::noded {

// Version of the installed kubeadm. Errors: not_found (none is installed), protocol.
boost::asio::awaitable<Result<kubeadm::Version>> kubeadm_version(ContextPtr context);

// The images that `kubeadm config images list` prints for the ClusterConfig. Needs no network.
boost::asio::awaitable<Result<std::vector<std::string>>> kubeadm_images(ContextPtr context);

// Also writes the ClusterConfig's kubeadm patches, which init and join read.
Result<kubeadm::NodeRegistration> registration_of(const Context& context);

}  // namespace kagent::noded
