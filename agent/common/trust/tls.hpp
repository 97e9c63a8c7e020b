#pragma once

namespace kagent {

// Makes gRPC in this process speak TLS 1.3 only, as client and as server. Call it before gRPC is
// used and before a second thread starts.
void require_tls_1_3();

}  // namespace kagent
