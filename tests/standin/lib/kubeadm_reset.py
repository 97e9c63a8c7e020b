"""`kubeadm reset`: takes back what init or join did to this machine."""
import os
import shutil

import conf
import host
import kubeadm_etcd
import kubelet_static
import wire
from kubeadm_error import Failure

CONFIG_DIRS = (conf.MANIFESTS_DIR, conf.PKI_DIR)
FILES = ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "controller-manager.conf",
         "scheduler.conf")
DONE = """
The reset process does not clean CNI configuration. To do so, you must remove /etc/cni/net.d

The reset process does not reset or clean up iptables rules or IPVS tables.
If you wish to reset iptables, you must do so manually by using the "iptables" command.

If your cluster was setup to utilize IPVS, run ipvsadm --clear (or similar)
to reset your system's IPVS tables.

The reset process does not clean your kubeconfig files and you must remove them manually.
Please, check the contents of the $HOME/.kube/config file.
"""


def _clear(path):
    """Remove what is in the folder, not the folder."""
    folder = conf.root(path)
    if not os.path.isdir(folder):
        return
    for name in os.listdir(folder):
        inner = os.path.join(folder, name)
        if os.path.isdir(inner) and not os.path.islink(inner):
            shutil.rmtree(inner, ignore_errors=True)
        else:
            os.unlink(inner)


def _remove_etcd_member():
    """etcd's folder, or None where etcd is not of this node."""
    manifest = kubelet_static.StaticPods(conf.MANIFESTS_DIR).manifest("etcd")
    if manifest is None:
        return None
    words = kubelet_static.command_flags(manifest)
    _leave(kubelet_static.flag_value(words, "initial-advertise-peer-urls"))
    return kubelet_static.flag_value(words, "data-dir", "/var/lib/etcd")


def _leave(peer):
    """Have the other members do without this one."""
    try:
        api = wire.Client.load(conf.root(conf.KUBERNETES_DIR + "/admin.conf"))
        kubeadm_etcd.Cluster(api, conf.PKI_DIR).remove(peer)
    except (kubeadm_etcd.Unhealthy, wire.ApiError, wire.ConnectError, wire.ConfigError,
            OSError) as error:
        print(f"W removeetcdmember.go:61] [reset] Failed to remove etcd member: {error}, please "
              "manually remove this etcd member using etcdctl", flush=True)


def run(force):
    if not force:
        print("[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' "
              "will be reverted.\n[reset] Are you sure you want to proceed? [y/N]: ", end="",
              flush=True)
        if (input() or "n").strip().lower() not in ("y", "yes"):
            raise Failure("aborted reset operation")
    if os.getuid() != 0:
        raise Failure("[preflight] Some fatal errors occurred:\n\t[ERROR IsPrivilegedUser]: user "
                      "is not running as root\n")
    print("[preflight] Running pre-flight checks", flush=True)
    etcd = _remove_etcd_member()
    if etcd is None:
        print("W removeetcdmember.go:80] [reset] No kubeadm config, using etcd pod spec to get "
              "data directory\n[reset] No etcd config found. Assuming external etcd\n[reset] "
              "Please, manually reset etcd to prevent further issues")
    print("[reset] Stopping the kubelet service", flush=True)
    host.stop_kubelet()
    print(f'[reset] Unmounting mounted directories in "{conf.KUBELET_DIR}"', flush=True)
    kubelet_static.stop_all()
    print(f"[reset] Deleting contents of config directories: [{' '.join(CONFIG_DIRS)}]")
    for path in CONFIG_DIRS:
        _clear(path)
    names = [f"{conf.KUBERNETES_DIR}/{name}" for name in FILES]
    print(f"[reset] Deleting files: [{' '.join(names)}]")
    for path in names:
        if conf.exists(path):
            os.unlink(conf.root(path))
    folders = ([etcd] if etcd else []) + [conf.KUBELET_DIR, "/var/lib/dockershim",
                                          "/var/run/kubernetes", "/var/lib/cni"]
    print(f"[reset] Deleting contents of stateful directories: [{' '.join(folders)}]",
          flush=True)
    for path in folders:
        _clear(path)
    print(DONE)
