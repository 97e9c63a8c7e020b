"""The files `kubeadm init` and `join` leave on the disk: PKI, kubeconfigs, static pods and the
kubelet's configuration."""
import os

import conf
import host
import pki
import wire

LEAVES = (  # file, CA, CN, O, usages; in the order kubeadm says them
    ("apiserver", "ca", "kube-apiserver", [], "server"),
    ("apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client", ["system:masters"],
     "client"),
    ("front-proxy-client", "front-proxy-ca", "front-proxy-client", [], "client"),
    ("etcd/server", "etcd/ca", None, [], "both"),
    ("etcd/peer", "etcd/ca", None, [], "both"),
    ("etcd/healthcheck-client", "etcd/ca", "kube-etcd-healthcheck-client", ["system:masters"],
     "client"),
    ("apiserver-etcd-client", "etcd/ca", "kube-apiserver-etcd-client", ["system:masters"],
     "client"))
AUTHORITIES = {"ca": "kubernetes", "front-proxy-ca": "front-proxy-ca", "etcd/ca": "etcd-ca"}
ETCD_ANNOTATION = "kubeadm.kubernetes.io/etcd.advertise-client-urls"
SERVER_ANNOTATION = "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint"
USAGES = {"server": [pki.SERVER], "client": [pki.CLIENT], "both": [pki.SERVER, pki.CLIENT]}
KUBECONFIGS = (("admin.conf", "kubernetes-admin", ["system:masters"]),
               ("kubelet.conf", None, ["system:nodes"]),
               ("controller-manager.conf", "system:kube-controller-manager", []),
               ("scheduler.conf", "system:kube-scheduler", []))


def _sans(config, leaf):
    node = config.node["name"]
    if leaf == "apiserver":
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc",
                 f"kubernetes.default.svc.{config.domain}", node]
        addresses = [config.service_address(1), config.address]
        if config.endpoint:
            host = config.endpoint.rsplit(":", 1)[0].strip("[]")
            (addresses if _is_address(host) else names).append(host)
        for san in config.sans:
            (addresses if _is_address(san) else names).append(san)
    else:
        names, addresses = ["localhost", node], [config.address, "127.0.0.1", "::1"]
    return list(dict.fromkeys(names)), list(dict.fromkeys(addresses))


def _is_address(text):
    import ipaddress
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def certs(config):
    """[certs]: what is there already (a CA of one's own) is used, as the real one does."""
    print(f'[certs] Using certificateDir folder "{config.pki}"')
    for authority, cn in AUTHORITIES.items():
        path = f"{config.pki}/{authority}"
        if conf.exists(path + ".crt") and conf.exists(path + ".key"):
            print(f"[certs] Using existing {authority} certificate authority")
            issuer = pki.read_pair(path)
        else:
            print(f'[certs] Generating "{authority}" certificate and key', flush=True)
            issuer = pki.make_ca(cn)
            pki.write_pair(path, *issuer)
        for leaf, issued_by, name, orgs, usage in LEAVES:
            if issued_by == authority:
                _leaf(config, leaf, issuer, name, orgs, usage)
    if conf.exists(config.pki + "/sa.key"):
        print('[certs] Using the existing "sa" key')
        return
    print('[certs] Generating "sa" key and public key', flush=True)
    key = pki.new_key()
    conf.write_file(conf.root(config.pki + "/sa.key"), pki.key_pem(key), 0o600)
    conf.write_file(conf.root(config.pki + "/sa.pub"), pki.public_pem(key), 0o600)


def _leaf(config, leaf, issuer, name, orgs, usage):
    path = f"{config.pki}/{leaf}"
    if conf.exists(path + ".crt") and conf.exists(path + ".key"):
        print(f"[certs] Using existing {leaf} certificate and key on disk")
        return
    print(f'[certs] Generating "{leaf}" certificate and key', flush=True)
    sans = []
    if usage != "client":
        names, addresses = _sans(config, leaf)
        print(f"[certs] {leaf} serving cert is signed for DNS names [{' '.join(names)}] and IPs "
              f"[{' '.join(addresses)}]")
        sans = pki.names(*names, *addresses)
    key = pki.new_key()
    cert = pki.issue(issuer, (name or config.node["name"], orgs), key.public_key(),
                     USAGES[usage], sans)
    pki.write_pair(path, cert, key)


def client_kubeconfig(config, user, orgs, server=None):
    """A kubeconfig for a new client certificate by the cluster's CA."""
    ca = pki.read_pair(config.pki + "/ca")
    key = pki.new_key()
    cert = pki.issue(ca, (user, orgs), key.public_key(), [pki.CLIENT])
    return wire.kubeconfig_text(server or config.server, pki.cert_pem(ca[0]), user, config.name,
                                pki.cert_pem(cert), pki.key_pem(key))


def kubeconfigs(config, wanted=None):
    print(f'[kubeconfig] Using kubeconfig folder "{conf.KUBERNETES_DIR}"')
    for file, user, orgs in KUBECONFIGS:
        if wanted and file not in wanted:
            continue
        path = f"{conf.KUBERNETES_DIR}/{file}"
        if conf.exists(path):
            print(f'[kubeconfig] Using existing kubeconfig file: "{path}"')
            continue
        print(f'[kubeconfig] Writing "{file}" kubeconfig file', flush=True)
        text = client_kubeconfig(config, user or "system:node:" + config.node["name"], orgs)
        conf.write_file(conf.root(path), text)


# -- kubelet

def kubelet_document(config):
    """The KubeletConfiguration: kubeadm's defaults under what the file says."""
    doc = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False},
                           "webhook": {"cacheTTL": "0s", "enabled": True},
                           "x509": {"clientCAFile": config.pki + "/ca.crt"}},
        "authorization": {"mode": "Webhook", "webhook": {"cacheAuthorizedTTL": "0s",
                                                         "cacheUnauthorizedTTL": "0s"}},
        "cgroupDriver": "systemd", "clusterDNS": [config.service_address(10)],
        "clusterDomain": config.domain, "cpuManagerReconcilePeriod": "0s",
        "evictionPressureTransitionPeriod": "0s", "fileCheckFrequency": "0s",
        "healthzBindAddress": "127.0.0.1", "healthzPort": 10248, "httpCheckFrequency": "0s",
        "imageMinimumGCAge": "0s", "logging": {}, "memorySwap": {},
        "nodeStatusReportFrequency": "0s", "nodeStatusUpdateFrequency": "0s",
        "rotateCertificates": True, "runtimeRequestTimeout": "0s", "shutdownGracePeriod": "0s",
        "shutdownGracePeriodCriticalPods": "0s", "staticPodPath": conf.MANIFESTS_DIR,
        "streamingConnectionIdleTimeout": "0s", "syncFrequency": "0s",
        "volumeStatsAggPeriod": "0s"}
    doc.update(config.kubelet)
    return doc


def kubelet_files(config, node, text, taints, joining=False):
    """kubeadm-flags.env and config.yaml; `text` is the KubeletConfiguration."""
    flags = {"pod-infra-container-image": f"{config.repository}/pause:3.5"}
    if node["criSocket"] == host.DOCKERSHIM:
        flags["network-plugin"] = "cni"
    else:
        flags.update({"container-runtime": "remote",
                      "container-runtime-endpoint": node["criSocket"]})
    if taints and node["taints"]:
        flags["register-with-taints"] = ",".join(
            f"{t['key']}={t.get('value', '')}:{t['effect']}".replace("=:", ":")
            for t in node["taints"])
    if node["name"] != node["hostname"]:
        flags["hostname-override"] = node["name"]
    flags.update(node["kubeletExtraArgs"])
    line = " ".join(f"--{key}={flags[key]}" for key in sorted(flags))
    files = [("environment file with flags", "kubeadm-flags.env",
              f'KUBELET_KUBEADM_ARGS="{line}"\n'), ("configuration", "config.yaml", text)]
    for what, name, content in reversed(files) if joining else files:
        path = f"{conf.KUBELET_DIR}/{name}"
        print(f'[kubelet-start] Writing kubelet {what} to file "{path}"', flush=True)
        conf.write_file(conf.root(path), content, 0o644)


# -- static pods

def _args(defaults, extra):
    merged = dict(defaults)
    merged.update(extra or {})
    return [f"--{key}={merged[key]}" for key in sorted(merged)]


def _pod(name, image, command, folders, annotations=None):
    mounts = [{"name": n, "mountPath": p, "readOnly": n != "etcd-data"} for n, p in folders]
    volumes = [{"name": n, "hostPath": {"path": p, "type": "DirectoryOrCreate"}}
               for n, p in folders]
    meta = {"name": name, "namespace": "kube-system", "creationTimestamp": None,
            "labels": {"component": name, "tier": "control-plane"}}
    if annotations:
        meta["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {},
            "spec": {"hostNetwork": True, "priorityClassName": "system-node-critical",
                     "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                     "containers": [{"name": name, "image": image, "command": [name, *command],
                                     "imagePullPolicy": "IfNotPresent",
                                     "volumeMounts": mounts}],
                     "volumes": volumes}}


def _write_pod(pod):
    path = f"{conf.MANIFESTS_DIR}/{pod['metadata']['name']}.yaml"
    conf.write_file(conf.root(path), wire.dump_yaml(pod))


def api_server_pod(config):
    p = config.pki
    defaults = {
        "advertise-address": config.address, "allow-privileged": "true",
        "authorization-mode": "Node,RBAC", "client-ca-file": p + "/ca.crt",
        "enable-admission-plugins": "NodeRestriction", "enable-bootstrap-token-auth": "true",
        "etcd-cafile": p + "/etcd/ca.crt", "etcd-certfile": p + "/apiserver-etcd-client.crt",
        "etcd-keyfile": p + "/apiserver-etcd-client.key",
        "etcd-servers": "https://127.0.0.1:" + conf.option("etcd_port"),
        "kubelet-client-certificate": p + "/apiserver-kubelet-client.crt",
        "kubelet-client-key": p + "/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": p + "/front-proxy-client.crt",
        "proxy-client-key-file": p + "/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": p + "/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User", "secure-port": str(config.port),
        "service-account-issuer": f"https://kubernetes.default.svc.{config.domain}",
        "service-account-key-file": p + "/sa.pub",
        "service-account-signing-key-file": p + "/sa.key",
        "service-cluster-ip-range": config.service_subnet,
        "tls-cert-file": p + "/apiserver.crt", "tls-private-key-file": p + "/apiserver.key"}
    extra = (config.cluster.get("apiServer") or {}).get("extraArgs")
    return _pod("kube-apiserver", f"{config.repository}/kube-apiserver:{config.version}",
                _args(defaults, extra), [("k8s-certs", p), ("ca-certs", "/etc/ssl/certs")],
                {SERVER_ANNOTATION: f"{config.address}:{config.port}"})


def static_pods(config):
    print(f'[control-plane] Using manifest folder "{conf.MANIFESTS_DIR}"')
    p = config.pki
    print('[control-plane] Creating static Pod manifest for "kube-apiserver"')
    _write_pod(api_server_pod(config))
    print('[control-plane] Creating static Pod manifest for "kube-controller-manager"')
    kubeconfig = conf.KUBERNETES_DIR + "/controller-manager.conf"
    manager = {"authentication-kubeconfig": kubeconfig, "authorization-kubeconfig": kubeconfig,
               "bind-address": "127.0.0.1", "client-ca-file": p + "/ca.crt",
               "cluster-name": config.name, "cluster-signing-cert-file": p + "/ca.crt",
               "cluster-signing-key-file": p + "/ca.key",
               "controllers": "*,bootstrapsigner,tokencleaner", "kubeconfig": kubeconfig,
               "leader-elect": "true", "port": "0",
               "requestheader-client-ca-file": p + "/front-proxy-ca.crt",
               "root-ca-file": p + "/ca.crt",
               "service-account-private-key-file": p + "/sa.key",
               "use-service-account-credentials": "true"}
    if config.pod_subnet:
        manager.update({"allocate-node-cidrs": "true", "cluster-cidr": config.pod_subnet,
                        "service-cluster-ip-range": config.service_subnet})
    _write_pod(_pod("kube-controller-manager",
                    f"{config.repository}/kube-controller-manager:{config.version}",
                    _args(manager, (config.cluster.get("controllerManager") or {}).get(
                        "extraArgs")),
                    [("k8s-certs", p), ("kubeconfig", kubeconfig)]))
    print('[control-plane] Creating static Pod manifest for "kube-scheduler"')
    kubeconfig = conf.KUBERNETES_DIR + "/scheduler.conf"
    scheduler = {"authentication-kubeconfig": kubeconfig, "authorization-kubeconfig": kubeconfig,
                 "bind-address": "127.0.0.1", "kubeconfig": kubeconfig, "leader-elect": "true",
                 "port": "0"}
    _write_pod(_pod("kube-scheduler", f"{config.repository}/kube-scheduler:{config.version}",
                    _args(scheduler, (config.cluster.get("scheduler") or {}).get("extraArgs")),
                    [("kubeconfig", kubeconfig)]))


def etcd_pod(config, members=()):
    """`members`: name=https://address:2380 of all members, this one too; none for the first."""
    port = int(conf.option("etcd_port"))
    e, a = config.pki + "/etcd", config.address
    client, peer = f"https://{a}:{port}", f"https://{a}:{port + 1}"
    listen = [f"https://127.0.0.1:{port}"]
    if client not in listen:
        listen.append(client)
    name = config.node["name"]
    flags = {"advertise-client-urls": client, "cert-file": e + "/server.crt",
             "client-cert-auth": "true", "data-dir": config.etcd_dir,
             "initial-advertise-peer-urls": peer,
             "initial-cluster": ",".join(members or [f"{name}={peer}"]),
             "key-file": e + "/server.key", "listen-client-urls": ",".join(listen),
             "listen-metrics-urls": f"http://127.0.0.1:{port + 2}",
             "listen-peer-urls": peer, "name": name,
             "peer-cert-file": e + "/peer.crt", "peer-client-cert-auth": "true",
             "peer-key-file": e + "/peer.key", "peer-trusted-ca-file": e + "/ca.crt",
             "snapshot-count": "10000", "trusted-ca-file": e + "/ca.crt"}
    if members:
        flags["initial-cluster-state"] = "existing"
    local = (config.cluster.get("etcd") or {}).get("local") or {}
    return _pod("etcd", f"{config.repository}/etcd:3.5.0-0",
                _args(flags, local.get("extraArgs")),
                [("etcd-data", config.etcd_dir), ("etcd-certs", e)],
                {ETCD_ANNOTATION: client})


def etcd(config, members=()):
    print('[etcd] Creating static Pod manifest for local etcd in '
          f'"{conf.MANIFESTS_DIR}"', flush=True)
    os.makedirs(conf.root(config.etcd_dir), mode=0o700, exist_ok=True)
    _write_pod(etcd_pod(config, members))
