"""The roles and bindings a real API server makes at its first start (those that matter here)."""

GROUP = "rbac.authorization.k8s.io"


def rule(verbs, groups, resources, names=None):
    result = {"verbs": verbs.split(), "apiGroups": groups, "resources": resources}
    if names:
        result["resourceNames"] = names
    return result


def urls(verbs, paths):
    return {"verbs": verbs.split(), "nonResourceURLs": paths}


def role(kind, name, rules, namespace=None):
    meta = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": GROUP + "/v1", "kind": kind, "metadata": meta, "rules": rules}


def binding(name, role_name, subjects, namespace=None, role_kind="ClusterRole"):
    """`subjects`: "Group:name" or "User:name"."""
    meta = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    made = []
    for subject in subjects:
        kind, _, who = subject.partition(":")
        made.append({"apiGroup": GROUP, "kind": kind, "name": who})
    return {"apiVersion": GROUP + "/v1",
            "kind": "RoleBinding" if namespace else "ClusterRoleBinding", "metadata": meta,
            "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role_name},
            "subjects": made}


_CSR = "certificates.k8s.io"
_ALL = ["*"]
_READ = "get list watch"
_WORKLOADS = [rule(_READ, ["", "apps", "batch", "policy", "networking.k8s.io"],
                   ["configmaps", "endpoints", "events", "pods", "services", "serviceaccounts",
                    "persistentvolumeclaims", "daemonsets", "deployments", "replicasets",
                    "statefulsets", "jobs", "cronjobs", "poddisruptionbudgets", "ingresses",
                    "networkpolicies", "namespaces"])]

ROLES = [
    role("ClusterRole", "cluster-admin", [rule("*", _ALL, _ALL), urls("*", ["*"])]),
    role("ClusterRole", "view", _WORKLOADS),
    role("ClusterRole", "edit", _WORKLOADS + [
        rule("create delete patch update", ["", "apps", "batch"], _ALL)]),
    role("ClusterRole", "admin", _WORKLOADS + [
        rule("create delete patch update", ["", "apps", "batch", GROUP], _ALL)]),
    role("ClusterRole", "system:discovery", [
        urls("get", ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                     "/openapi/*", "/readyz", "/version", "/version/"])]),
    role("ClusterRole", "system:basic-user", [
        rule("create", ["authorization.k8s.io"],
             ["selfsubjectaccessreviews", "selfsubjectrulesreviews"])]),
    role("ClusterRole", "system:public-info-viewer", [
        urls("get", ["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
    role("ClusterRole", "system:node-bootstrapper", [
        rule("create get list watch", [_CSR], ["certificatesigningrequests"])]),
    role("ClusterRole", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", [
        rule("create", [_CSR], ["certificatesigningrequests/nodeclient"])]),
    role("ClusterRole", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", [
        rule("create", [_CSR], ["certificatesigningrequests/selfnodeclient"])]),
    role("ClusterRole", "system:node-proxier", [
        rule("list watch", [""], ["services", "endpoints"]), rule(_READ, [""], ["nodes"]),
        rule("list watch", ["discovery.k8s.io"], ["endpointslices"]),
        rule("create patch update", ["", "events.k8s.io"], ["events"])]),
    role("ClusterRole", "system:kube-scheduler", [rule("*", _ALL, ["pods", "nodes", "leases"])]),
    role("ClusterRole", "system:kube-controller-manager", [rule("*", _ALL, _ALL)]),
    role("ClusterRole", "system:node", []),
]

BINDINGS = [
    binding("cluster-admin", "cluster-admin", ["Group:system:masters"]),
    binding("system:discovery", "system:discovery", ["Group:system:authenticated"]),
    binding("system:basic-user", "system:basic-user", ["Group:system:authenticated"]),
    binding("system:public-info-viewer", "system:public-info-viewer",
            ["Group:system:authenticated", "Group:system:unauthenticated"]),
    binding("system:node-proxier", "system:node-proxier", ["User:system:kube-proxy"]),
    binding("system:kube-scheduler", "system:kube-scheduler", ["User:system:kube-scheduler"]),
    binding("system:kube-controller-manager", "system:kube-controller-manager",
            ["User:system:kube-controller-manager"]),
]

#: What the Node authorizer lets a kubelet do. (Of secrets and config maps the real one gives
#: only those of the node's own pods; here: get by name.)
NODE_RULES = [
    rule("create get list watch", [""], ["nodes"]), rule("patch update delete", [""], ["nodes"]),
    rule("patch update", [""], ["nodes/status"]),
    rule("get list watch create delete", [""], ["pods"]), rule("patch update", [""],
                                                               ["pods/status"]),
    rule("list watch get", [""], ["services", "endpoints"]),
    rule("get list watch", [""], ["configmaps"]), rule("get", [""], ["secrets"]),
    rule("create patch update", ["", "events.k8s.io"], ["events"]),
    rule("create get list watch", [_CSR], ["certificatesigningrequests"]),
    rule("get create update patch delete", ["coordination.k8s.io"], ["leases"]),
    rule(_READ, ["storage.k8s.io"], ["csidrivers", "csinodes", "volumeattachments"]),
    rule("create", ["authentication.k8s.io"], ["tokenreviews"]),
    rule("create", ["authorization.k8s.io"], ["subjectaccessreviews", "localsubjectaccessreviews"]),
    rule(_READ, ["node.k8s.io"], ["runtimeclasses"]),
]

NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"]
