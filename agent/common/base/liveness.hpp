#pragma once

#include <chrono>

// How a lost peer is noticed: the only place with these numbers. A small heartbeat message each way
// on the session stream, no HTTP/2 keepalive (gRPC refuses pings more often than every 300 s unless
// both ends are configured alike, and a ping does not show that the event loop behind it lives).
namespace kagent::liveness {

inline constexpr std::chrono::milliseconds heartbeat_every{2000};
// Nothing heard for this long: the coordinator shows the node as lost, the agent reconnects.
inline constexpr std::chrono::milliseconds lost_after{5000};
// How often the coordinator looks; lost_after + this is under the promised 6 s.
inline constexpr std::chrono::milliseconds sweep_every{500};
inline constexpr std::chrono::seconds report_every{30};
// A control plane that has not answered a Mint for this long is asked again.
inline constexpr std::chrono::seconds mint_timeout{30};

}  // namespace kagent::liveness
