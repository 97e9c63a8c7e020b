#pragma once

namespace kagent::noded {

// All rights of kagentd on a control plane: to read nodes, drain and delete them, create bootstrap
// tokens, and approve certificates that their holders request. Also the rights of such a token's
// holder, which are those that kubeadm join needs. kube-controller-manager approves none of these
// requests itself (agent/kagentd/kubernetes/certificate_requests.hpp).
extern const char cluster_rights[];  // manifests, for kubectl apply

}  // namespace kagent::noded
