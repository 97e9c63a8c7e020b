#pragma once

#include "coordinator/authority/authority.hpp"
#include "kagent/v1/envelope.pb.h"

#include <chrono>
#include <string>

namespace kagent::coordinator {

// Signs orders for kagent-noded.
class Envelopes {
 public:
  explicit Envelopes(const Authority& authority) : authority_(authority) {}

  // `serial` must grow with each envelope for `node`. Errors: internal.
  [[nodiscard]] Result<v1::SignedEnvelope> seal(
      const std::string& node, std::uint64_t serial, v1::EnvelopePayload payload,
      std::chrono::system_clock::time_point expires_at) const;

 private:
  const Authority& authority_;
};

}  // namespace kagent::coordinator
