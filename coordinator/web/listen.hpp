#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace kagent::coordinator {

// `listen`: ADDRESS:PORT with an IPv6 address in brackets; [::] accepts IPv4 as well.
// Errors: invalid_argument (not an address), io (cannot listen).
Result<boost::asio::ip::tcp::acceptor> listen_at(boost::asio::any_io_executor loop,
                                                 const std::string& listen);

}  // namespace kagent::coordinator
