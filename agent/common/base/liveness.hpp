#pragma once

#include <chrono>

// The time limits by which peers notice that the other is lost. Both sides send a small heartbeat
// message on the session stream. HTTP/2 keepalive would not do: gRPC rejects pings more often than
// every 300 s unless both ends have the same settings, and a ping does not prove that the peer's
// event loop runs.
namespace kagent::liveness {

inline constexpr std::chrono::milliseconds heartbeat_every{2000};
// After this long without a message the coordinator shows the node as lost; the agent reconnects.
inline constexpr std::chrono::milliseconds lost_after{5000};
// How often the coordinator looks for lost nodes. With lost_after this stays below 6 s.
inline constexpr std::chrono::milliseconds sweep_every{500};
inline constexpr std::chrono::seconds report_every{30};
// After this long without an answer to a Mint the coordinator asks again.
inline constexpr std::chrono::seconds mint_timeout{30};

}  // namespace kagent::liveness
