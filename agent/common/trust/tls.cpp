#include "agent/common/trust/tls.hpp"

#include <cstdlib>

namespace kagent {

// gRPC 1.51 has no call for it: it takes TLS 1.2 and 1.3, and for 1.2 the ciphers of this variable
// (doc/environment_variables.md). The one named needs a key that both sides share beforehand, which
// nobody here has; the ciphers of TLS 1.3 are a list of their own.
void require_tls_1_3() {
  ::setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1);
}

}  // namespace kagent
