"""TLS bootstrap: from a bootstrap kubeconfig to a client certificate of the node's own."""
import base64
import hashlib
import os
import time

import conf
import klog
import wire

CURRENT = conf.KUBELET_DIR + "/pki/kubelet-client-current.pem"
KEY = conf.KUBELET_DIR + "/pki/kubelet-client.key.tmp"
SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


class Failed(Exception):
    pass


def _usable(path):
    try:
        config = wire.Kubeconfig.load(conf.root(path))
        return config.has_credentials()
    except (OSError, wire.ConfigError):
        return False


def _store(cert_and_key):
    """kubelet-client-<date>.pem and the link that names the current one."""
    stamp = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime())
    folder = conf.root(conf.KUBELET_DIR + "/pki")
    name = f"kubelet-client-{stamp}.pem"
    conf.write_file(os.path.join(folder, name), cert_and_key, 0o600)
    link = conf.root(CURRENT)
    target = os.path.join(folder, name)
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(target, link)
    if conf.exists(KEY):
        os.unlink(conf.root(KEY))


def ensure(flags, node):
    """Afterwards the kubeconfig (flag --kubeconfig) holds credentials; Failed otherwise."""
    kubeconfig = flags.get("kubeconfig", "/etc/kubernetes/kubelet.conf")
    if _usable(kubeconfig):
        _adopt(kubeconfig)
        return
    bootstrap = flags.get("bootstrap-kubeconfig", "")
    if not bootstrap or not conf.exists(bootstrap):
        raise Failed(f"unable to load bootstrap kubeconfig: stat {bootstrap}: no such file or "
                     "directory")
    config = wire.Kubeconfig.load(conf.root(bootstrap))
    klog.info("bootstrap.go:119", "Using bootstrap kubeconfig to generate TLS client cert, key "
              "and kubeconfig file")
    certificate, key = _request(config, node)
    _store(certificate + key)
    conf.write_file(conf.root(kubeconfig), wire.kubeconfig_text(
        config.server, config.ca, "default-auth", "default-cluster", cert_path=CURRENT,
        context="default-context"))


def _adopt(kubeconfig):
    """kubeadm init gives a kubeconfig with the certificate in it; keep it as the current one."""
    config = wire.Kubeconfig.load(conf.root(kubeconfig))
    if not conf.exists(CURRENT) and config.cert and config.key:
        _store(config.cert + config.key)


def _kept_key():
    """One key until it has its certificate: a kubelet that is started again asks the same once more."""
    import pki
    path = conf.root(KEY)
    if not os.path.exists(path):
        conf.write_file(path, pki.key_pem(pki.new_ec_key()), 0o600)
    with open(path, "rb") as file:
        return pki.load_key(file.read())


def _request(config, node):
    import pki
    key = _kept_key()
    csr = pki.make_csr(key, "system:node:" + node, ["system:nodes"])
    name = "node-csr-" + hashlib.sha256(pki.public_pem(key) + node.encode()).hexdigest()[:32]
    body = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {"name": name},
            "spec": {"request": base64.b64encode(csr).decode(), "signerName": SIGNER,
                     "usages": ["digital signature", "key encipherment", "client auth"]}}
    client = wire.Client(config)
    try:
        client.create(CSRS, body)
    except (wire.ApiError, wire.ConnectError) as error:
        if getattr(error, "code", 0) != 409:
            raise Failed(f"cannot create certificate signing request: {error}") from error
    klog.info("csr.go:262", f"certificate signing request {name} is waiting")
    while True:
        try:
            status = client.get(f"{CSRS}/{name}").get("status") or {}
        except (wire.ApiError, wire.ConnectError) as error:
            raise Failed(f"cannot watch on the certificate signing request: {error}") from error
        for condition in status.get("conditions") or []:
            if condition["type"] in ("Denied", "Failed"):
                raise Failed("certificate signing request is "
                             f"{condition['type'].lower()}, reason: {condition.get('reason')}, "
                             f"message: {condition.get('message')}")
        if status.get("certificate"):
            klog.info("csr.go:258", f"certificate signing request {name} is approved, waiting "
                      "to be issued")
            return base64.b64decode(status["certificate"]), pki.key_pem(key)
        time.sleep(0.2)
