"""What kubeadm puts into the API: ConfigMaps, roles and bindings, tokens, addons, marks."""
import base64
import datetime
import random
import string

import conf
import wire
from api_policy import binding, role, rule
from kubeadm_files import kubelet_document

CONFIGMAPS = "/api/v1/namespaces/kube-system/configmaps"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
GROUP = "system:bootstrappers:kubeadm:default-node-token"
MASTER_LABELS = ("node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane",
                 "node.kubernetes.io/exclude-from-external-load-balancers")
CRI_ANNOTATION = "kubeadm.alpha.kubernetes.io/cri-socket"


def _put(client, obj):
    plural = obj["kind"].lower() + "s"
    space = obj["metadata"].get("namespace")
    where = f"/namespaces/{space}" if space else ""
    client.create_or_update(f"{RBAC}{where}/{plural}", obj)


def configmap(name, data, namespace="kube-system"):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace}, "data": data}


def _readable(client, name, configmap_name, groups):
    """A Role that lets `groups` get one ConfigMap of kube-system."""
    _put(client, role("Role", name, [rule("get", [""], ["configmaps"], [configmap_name])],
                      "kube-system"))
    _put(client, binding(name, name, ["Group:" + g for g in groups], "kube-system", "Role"))


def cluster_document(config):
    """The ClusterConfiguration with its defaults, as ConfigMap kubeadm-config keeps it."""
    doc = {"apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "ClusterConfiguration",
           "apiServer": {"extraArgs": {"authorization-mode": "Node,RBAC"},
                         "timeoutForControlPlane": "4m0s"},
           "certificatesDir": config.pki, "clusterName": config.name, "controllerManager": {},
           "dns": {}, "etcd": {"local": {"dataDir": config.etcd_dir}},
           "imageRepository": config.repository, "kubernetesVersion": config.version,
           "networking": {"dnsDomain": config.domain, "podSubnet": config.pod_subnet,
                          "serviceSubnet": config.service_subnet},
           "scheduler": {}}
    doc.update({k: v for k, v in config.cluster.items() if k not in (
        "networking", "kubernetesVersion", "apiVersion")})
    if not config.pod_subnet:
        del doc["networking"]["podSubnet"]
    return doc


def upload_config(client, config):
    print('[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the '
          '"kube-system" Namespace')
    client.create_or_update(CONFIGMAPS, configmap("kubeadm-config", {
        "ClusterConfiguration": wire.dump_yaml(cluster_document(config))}))
    _readable(client, "kubeadm:nodes-kubeadm-config", "kubeadm-config", [GROUP, "system:nodes"])
    name = "kubelet-config-" + conf.MINOR
    print(f'[kubelet] Creating a ConfigMap "{name}" in namespace kube-system with the '
          "configuration for the kubelets in the cluster", flush=True)
    client.create_or_update(CONFIGMAPS, configmap(name, {
        "kubelet": wire.dump_yaml(kubelet_document(config))}))
    _readable(client, "kubeadm:" + name, name, ["system:nodes", GROUP])


def annotate_cri(client, node):
    client.merge("/api/v1/nodes/" + node["name"],
                 {"metadata": {"annotations": {CRI_ANNOTATION: node["criSocket"]}}})


def mark_control_plane(client, node):
    name = node["name"]
    print(f"[mark-control-plane] Marking the node {name} as control-plane by adding the labels: "
          "[node-role.kubernetes.io/master(deprecated) node-role.kubernetes.io/control-plane "
          "node.kubernetes.io/exclude-from-external-load-balancers]")
    client.merge("/api/v1/nodes/" + name, {"metadata": {"labels": {
        label: "" for label in MASTER_LABELS}}})
    if not node["taints"]:
        return
    words = " ".join(f"{t['key']}{'=' + t['value'] if t.get('value') else ''}:{t['effect']}"
                     for t in node["taints"])
    print(f"[mark-control-plane] Marking the node {name} as control-plane by adding the taints "
          f"[{words}]", flush=True)
    old = (client.get("/api/v1/nodes/" + name).get("spec") or {}).get("taints") or []
    keys = {(t["key"], t["effect"]) for t in node["taints"]}
    client.merge("/api/v1/nodes/" + name, {"spec": {"taints": node["taints"] + [
        t for t in old if (t["key"], t["effect"]) not in keys]}})


def random_token():
    pick = random.SystemRandom().choices
    alphabet = string.ascii_lowercase + string.digits
    return "".join(pick(alphabet, k=6)) + "." + "".join(pick(alphabet, k=16))


def token_secret(token, ttl=86400.0, groups=(GROUP,), usages=("signing", "authentication"),
                 description=""):
    """A bootstrap-token Secret; `ttl` in seconds, 0 for ever."""
    ident, secret = token.split(".")
    data = {"token-id": ident, "token-secret": secret}
    data.update({"usage-bootstrap-" + usage: "true" for usage in usages})
    if groups:
        data["auth-extra-groups"] = ",".join(groups)
    if description:
        data["description"] = description
    if ttl:
        when = datetime.datetime.utcnow() + datetime.timedelta(seconds=ttl)
        data["expiration"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
            "metadata": {"name": "bootstrap-token-" + ident, "namespace": "kube-system"},
            "data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}


def bootstrap_rules(client):
    say = "[bootstrap-token] configured RBAC rules to allow "
    _put(client, role("ClusterRole", "kubeadm:get-nodes", [rule("get", [""], ["nodes"])]))
    _put(client, binding("kubeadm:get-nodes", "kubeadm:get-nodes", ["Group:" + GROUP]))
    print(say + "Node Bootstrap tokens to get nodes")
    _put(client, binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper",
                         ["Group:" + GROUP]))
    print(say + "Node Bootstrap tokens to post CSRs in order for nodes to get long term "
          "certificate credentials")
    csr = "system:certificates.k8s.io:certificatesigningrequests:"
    _put(client, binding("kubeadm:node-autoapprove-bootstrap", csr + "nodeclient",
                         ["Group:" + GROUP]))
    print(say + "the csrapprover controller automatically approve CSRs from a Node Bootstrap "
          "Token")
    _put(client, binding("kubeadm:node-autoapprove-certificate-rotation", csr + "selfnodeclient",
                         ["Group:system:nodes"]))
    print(say + "certificate rotation for all node client certificates in the cluster",
          flush=True)


def cluster_info(client, config):
    print('[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" '
          "namespace", flush=True)
    ca = conf.read_file(conf.root(config.pki + "/ca.crt"), True)
    kubeconfig = wire.dump_yaml({
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "contexts": None, "users": None,
        "current-context": "", "clusters": [{"name": "", "cluster": {
            "certificate-authority-data": base64.b64encode(ca).decode(),
            "server": config.server}}]})
    client.create_or_update("/api/v1/namespaces/kube-public/configmaps", configmap(
        "cluster-info", {"kubeconfig": kubeconfig}, "kube-public"))
    name = "kubeadm:bootstrap-signer-clusterinfo"
    _put(client, role("Role", name, [rule("get", [""], ["configmaps"], ["cluster-info"])],
                      "kube-public"))
    _put(client, binding(name, name, ["User:system:anonymous"], "kube-public", "Role"))


def addons(client, config):
    apps = "/apis/apps/v1/namespaces/kube-system"
    client.create_or_update(CONFIGMAPS, configmap("coredns", {"Corefile": ".:53 {\n}\n"}))
    client.create_or_update(apps + "/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": "kube-system",
                     "labels": {"k8s-app": "kube-dns"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
                 "template": {"metadata": {"labels": {"k8s-app": "kube-dns"}},
                              "spec": {"containers": [{
                                  "name": "coredns",
                                  "image": f"{config.repository}/coredns/coredns:v1.8.4"}]}}}})
    print("[addons] Applied essential addon: CoreDNS")
    proxy = {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
             "bindAddress": "0.0.0.0", "clusterCIDR": config.pod_subnet}
    proxy.update(config.proxy)
    client.create_or_update(CONFIGMAPS, configmap("kube-proxy", {
        "config.conf": wire.dump_yaml(proxy)}))
    client.create_or_update(apps + "/daemonsets", {
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system",
                     "labels": {"k8s-app": "kube-proxy"}},
        "spec": {"selector": {"matchLabels": {"k8s-app": "kube-proxy"}},
                 "template": {"metadata": {"labels": {"k8s-app": "kube-proxy"}},
                              "spec": {"hostNetwork": True,
                                       "tolerations": [{"operator": "Exists"}],
                                       "nodeSelector": {"kubernetes.io/os": "linux"},
                                       "containers": [{
                                           "name": "kube-proxy", "image":
                                           f"{config.repository}/kube-proxy:"
                                           f"{config.version}"}]}}}})
    _put(client, binding("kubeadm:node-proxier", "system:node-proxier",
                         ["User:system:serviceaccount:kube-system:kube-proxy"]))
    _readable(client, "kube-proxy", "kube-proxy", [GROUP])
    print("[addons] Applied essential addon: kube-proxy", flush=True)
