"""`kubeadm certs check-expiration` and `renew`."""
import os

import conf
import kubeadm_files as files
import pki
import wire


def _left(when):
    seconds = (when - pki.now()).total_seconds()
    if seconds < 0:
        return "<invalid>"
    return f"{int(seconds // 86400)}d" if seconds < 365 * 86400 else (
        f"{int(seconds // (365 * 86400))}y")


def _when(cert):
    return pki.not_after(cert).strftime("%b %d, %Y %H:%M UTC")


def _row(name, cert, authority):
    return f"{name:<27}{_when(cert):<25}{_left(pki.not_after(cert)):<16}{authority:<24}no      "


def check(config):
    print("[check-expiration] Reading configuration from the cluster...\n[check-expiration] FYI: "
          "You can look at this config file with 'kubectl -n kube-system get cm kubeadm-config "
          "-o yaml'\n")
    print(f"{'CERTIFICATE':<27}{'EXPIRES':<25}{'RESIDUAL TIME':<16}"
          f"{'CERTIFICATE AUTHORITY':<24}EXTERNALLY MANAGED")
    rows = []
    for file, _, _ in files.KUBECONFIGS:
        path = conf.root(f"{conf.KUBERNETES_DIR}/{file}")
        if file != "kubelet.conf" and os.path.exists(path):
            cert = pki.load_cert(wire.Kubeconfig.load(path).cert)
            rows.append(_row(file, cert, ""))
    for leaf, authority, *_ in files.LEAVES:
        raw = conf.read_or(conf.root(f"{config.pki}/{leaf}.crt"))
        name = leaf.replace("/", "-")
        if raw is None:
            rows.append(f"!MISSING! {name}")
        else:
            rows.append(_row(name, pki.load_cert(raw.encode()), authority.replace("/", "-")))
    print("\n".join(sorted(rows)))
    print(f"\n{'CERTIFICATE AUTHORITY':<24}{'EXPIRES':<25}{'RESIDUAL TIME':<16}"
          "EXTERNALLY MANAGED")
    for authority in files.AUTHORITIES:
        raw = conf.read_or(conf.root(f"{config.pki}/{authority}.crt"))
        if raw:
            cert = pki.load_cert(raw.encode())
            print(f"{authority.replace('/', '-'):<24}{_when(cert):<25}"
                  f"{_left(pki.not_after(cert)):<16}no      ")


def renew(config):
    for leaf, *_ in files.LEAVES:
        for end in (".crt", ".key"):
            path = conf.root(f"{config.pki}/{leaf}{end}")
            if os.path.exists(path):
                os.unlink(path)
    files.certs(config)
    print("\nDone renewing certificates. You must restart the kube-apiserver, kube-controller-"
          "manager, kube-scheduler and etcd, so that they can use the new certificates.")
