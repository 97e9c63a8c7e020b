#pragma once

namespace kagent::noded {

// All that kagentd on a control plane may do in Kubernetes: see nodes; drain them and take them
// out; make bootstrap tokens, and approve the certificates that are asked for with them. And what
// the holder of such a token may do, which is what kubeadm join does; kube-controller-manager
// approves nothing of theirs (agent/kagentd/kubernetes/certificate_requests.hpp).
extern const char cluster_rights[];  // manifests, for kubectl apply

}  // namespace kagent::noded
