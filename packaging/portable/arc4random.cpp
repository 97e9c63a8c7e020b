// The static libstdc++ calls arc4random(), which glibc has since 2.36. The portable build must run
// with glibc 2.34.
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

extern "C" __attribute__((visibility("hidden"))) std::uint32_t arc4random() {
  std::uint32_t number = 0;
  while (getrandom(&number, sizeof number, 0) !=
         sizeof number)                // so few bytes come whole or not at all
    if (errno != EINTR) std::abort();  // without randomness nothing here is safe
  return number;
}
