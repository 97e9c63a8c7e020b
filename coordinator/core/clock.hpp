#pragma once

#include "coordinator/registry/model.hpp"

namespace kagent::coordinator {

inline Now now() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

}  // namespace kagent::coordinator
