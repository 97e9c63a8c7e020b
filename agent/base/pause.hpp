#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace kagent {

// Between two tries. Returns early when the awaiting coroutine is cancelled.
boost::asio::awaitable<void> pause(std::chrono::milliseconds delay);

}  // namespace kagent
