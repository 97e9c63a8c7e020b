#pragma once

#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string_view>

// kube-controller-manager signs the certificate that a kubelet requests. It starts seconds after
// the API server. A kubelet that comes before kube-controller-manager registers its Node late, and
// often waits 20 s or two minutes longer for its CSINode, without which a Node is not Ready.
namespace kagent::kubernetes {

// Whether kube-controller-manager has started its controllers. `event`: a watch event of the
// ServiceAccount default, which it makes at that time, five seconds after it has its Lease on a
// small machine. Pure. False for a malformed event.
bool has_begun(std::string_view event);

// Returns when kube-controller-manager has started its controllers. After `limit` it logs a warning
// and returns.
boost::asio::awaitable<void> await_signer(std::shared_ptr<Client> client,
                                          std::chrono::milliseconds limit);

}  // namespace kagent::kubernetes
