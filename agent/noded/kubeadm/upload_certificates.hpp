#pragma once

#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace kagent::noded {

// On a control plane: its certificates go up into the cluster (Secret kubeadm-certs, which lives
// two hours), encrypted under a fresh key: 64 hexadecimal digits, of which nothing is kept here. At
// most a minute. Errors: failed_precondition (no control plane yet), unavailable (kubeadm's last
// line).
boost::asio::awaitable<Result<std::string>> upload_certificates(ContextPtr context);

}  // namespace kagent::noded
