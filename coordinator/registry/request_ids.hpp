#pragma once

#include <cstdint>

namespace kagent::coordinator {

// Numbers the requests to control planes, from 1. A reply carries the number of its request.
class RequestIds {
 public:
  std::uint64_t next() { return next_++; }

 private:
  std::uint64_t next_ = 1;
};

}  // namespace kagent::coordinator
