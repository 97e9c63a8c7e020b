#include "agent/common/trust/tls.hpp"

#include <cstdlib>

namespace kagent {

// gRPC 1.51 has no function that disables TLS 1.2. This variable sets the ciphers of TLS 1.2 only
// (doc/environment_variables.md); the cipher named here needs a pre-shared key, which no peer has.
// The ciphers of TLS 1.3 are a separate list.
void require_tls_1_3() {
  ::setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1);
}

}  // namespace kagent
