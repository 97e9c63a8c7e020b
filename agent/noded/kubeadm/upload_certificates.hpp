#pragma once

#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace kagent::noded {

// Uploads the certificates of this control plane into the cluster, as the Secret kubeadm-certs,
// which exists for two hours. They are encrypted with a new key of 64 hexadecimal digits, which the
// function returns and does not store. Takes a minute at most. Errors: failed_precondition (no
// control plane yet), unavailable (with kubeadm's last line).
boost::asio::awaitable<Result<std::string>> upload_certificates(ContextPtr context);

}  // namespace kagent::noded
