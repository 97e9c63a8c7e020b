"""The shared certificates that travel to a further control plane (Secret kubeadm-certs)."""
import base64
import os
import secrets

import conf
import wire
from api_policy import binding, role, rule

SHARED = ("ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key",
          "etcd/ca.crt", "etcd/ca.key")
NAME = "kubeadm-certs"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system"
GROUP = "system:bootstrappers:kubeadm:default-node-token"


def new_key():
    return secrets.token_hex(32)


def _cipher(key):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    return AESGCM(bytes.fromhex(key))


def upload(client, folder, key, quiet=False):
    """Encrypt them (AES-256-GCM, nonce first) under `key`, 32 bytes in hex."""
    print('[upload-certs] Storing the certificates in Secret "kubeadm-certs" in the '
          '"kube-system" Namespace')
    data = {}
    for name in SHARED:
        raw = conf.read_file(conf.root(f"{folder}/{name}"), True)
        nonce = os.urandom(12)
        sealed = nonce + _cipher(key).encrypt(nonce, raw, None)
        data[name.replace("/", "-")] = base64.b64encode(sealed).decode()
    client.create_or_update(SECRETS, {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                                      "metadata": {"name": NAME, "namespace": "kube-system"},
                                      "data": data})
    client.create_or_update(RBAC + "/roles", role(
        "Role", "kubeadm:kubeadm-certs", [rule("get", [""], ["secrets"], [NAME])],
        "kube-system"))
    client.create_or_update(RBAC + "/rolebindings", binding(
        "kubeadm:kubeadm-certs", "kubeadm:kubeadm-certs", ["Group:" + GROUP], "kube-system",
        "Role"))
    if not quiet:
        print(f"[upload-certs] Using certificate key:\n{key}", flush=True)


def download(client, folder, key):
    """Raises ValueError for a key that does not open them."""
    print(f'[download-certs] Downloading the certificates in Secret "{NAME}" in the '
          '"kube-system" Namespace', flush=True)
    try:
        data = client.get(f"{SECRETS}/{NAME}").get("data") or {}
    except wire.ApiError as error:
        raise ValueError(f'error downloading certs: error downloading the secret: Secret "{NAME}" '
                         'was not found in the "kube-system" Namespace. This Secret might have '
                         "expired. Please, run `kubeadm init phase upload-certs --upload-certs` "
                         "on a control plane to generate a new one"
                         if error.code == 404 else f"error downloading certs: {error}") from error
    for name in SHARED:
        sealed = base64.b64decode(data[name.replace("/", "-")])
        try:
            raw = _cipher(key).decrypt(sealed[:12], sealed[12:], None)
        except Exception as error:  # InvalidTag, or a key of the wrong length
            raise ValueError("error downloading certs: error decoding secret data with provided "
                             "key: cipher: message authentication failed") from error
        conf.write_file(conf.root(f"{folder}/{name}"), raw,
                        0o600 if name.endswith("key") else 0o644)
