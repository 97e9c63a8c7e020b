#include "agent/noded/cluster/cluster_rights.hpp"

namespace kagent::noded {

const char cluster_rights[] = R"(apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "kagent:agent"}
rules:
- {apiGroups: [""], resources: [nodes], verbs: [get, list, watch, patch, delete]}
- {apiGroups: [""], resources: [pods], verbs: [list]}
- {apiGroups: [""], resources: [pods/eviction], verbs: [create]}
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [list, watch]}
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [patch]}
- apiGroups: [certificates.k8s.io]
  resources: [signers]
  resourceNames: [kubernetes.io/kube-apiserver-client-kubelet]
  verbs: [approve]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "kagent:agent"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "kagent:agent"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: "kagent:agent"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "kagent:agent", namespace: kube-system}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [create, delete]}
- {apiGroups: [""], resources: [serviceaccounts], resourceNames: [default], verbs: [watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "kagent:agent", namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "kagent:agent"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: "kagent:agent"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "kagent:join"}
rules:
- {apiGroups: [""], resources: [nodes], verbs: [get]}
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create, get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "kagent:join"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "kagent:join"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers:kagent"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "kagent:join", namespace: kube-system}
rules:
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [kubeadm-config, kube-proxy, kubelet-config, kubelet-config-1.20, kubelet-config-1.21, kubelet-config-1.22, kubelet-config-1.23]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "kagent:join", namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "kagent:join"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers:kagent"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "kagent:join-control-plane", namespace: kube-system}
rules:
- {apiGroups: [""], resources: [secrets], resourceNames: [kubeadm-certs], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "kagent:join-control-plane", namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "kagent:join-control-plane"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers:kagent:control-plane"}
)";

}  // namespace kagent::noded
