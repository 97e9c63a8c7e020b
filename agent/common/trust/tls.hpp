#pragma once

namespace kagent {

// gRPC of this process speaks TLS 1.3 and nothing older, as client and as server. To be called
// before gRPC is used, and before there is a second thread.
void require_tls_1_3();

}  // namespace kagent
