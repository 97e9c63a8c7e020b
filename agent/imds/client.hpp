#pragma once

#include "agent/common/base/error.hpp"
#include "agent/imds/fetch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <string>

namespace kagent::imds {

inline constexpr std::chrono::seconds request_timeout{5};  // connecting included

// http://ADDRESS[:PORT] with a numeric address: DNS may not work this early in the boot. Errors:
// invalid_argument.
Result<boost::asio::ip::tcp::endpoint> parse_endpoint(const std::string& url);

// One HTTP/1.1 exchange on a new connection. Every HTTP status is a success. Errors: unavailable,
// deadline_exceeded, protocol.
boost::asio::awaitable<Result<Reply>> put_token(boost::asio::ip::tcp::endpoint service);
boost::asio::awaitable<Result<Reply>> get(boost::asio::ip::tcp::endpoint service, std::string path,
                                          std::string token);

}  // namespace kagent::imds
