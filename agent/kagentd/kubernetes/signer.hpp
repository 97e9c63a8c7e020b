#pragma once

#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string_view>

// Who signs the certificate that a node's kubelet asks for: kube-controller-manager, which starts
// seconds after the API server. A kubelet that comes before it registers its Node late, and has by
// then often put off its CSINode for 20 s, or two minutes, without which no node is Ready.
namespace kagent::kubernetes {

// Of a watch event of the ServiceAccount that it makes as it starts its controllers, five seconds
// after it has its Lease on a small machine: whether it has. Pure; nonsense is no.
bool has_begun(std::string_view event);

// Returns when it has begun; after `limit` without that too. The latter is logged.
boost::asio::awaitable<void> await_signer(std::shared_ptr<Client> client,
                                          std::chrono::milliseconds limit);

}  // namespace kagent::kubernetes
