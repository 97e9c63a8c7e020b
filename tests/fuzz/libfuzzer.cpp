// One target for libFuzzer; KAGENT_FUZZ_TARGET names it.
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto target = std::ranges::find(
      kagent::fuzz::targets(), std::string_view(KAGENT_FUZZ_TARGET), &kagent::fuzz::Target::name);
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
