"""Where things are, and what the lab asked of the stand-in.

Every path the real programs use goes through root(), so that STANDIN_ROOT can put
a whole node under a folder (self-test, several nodes on loopback). Options come
from /etc/standin.conf ("name = value" lines) and are overridden by the environment
(STANDIN_<NAME IN CAPITALS>); the file is read anew at every question, so the lab can
change its mind while things run.
"""
import os

VERSION = "v1.22.4"
MINOR = "1.22"
KUBERNETES_DIR = "/etc/kubernetes"
PKI_DIR = "/etc/kubernetes/pki"
MANIFESTS_DIR = "/etc/kubernetes/manifests"
KUBELET_DIR = "/var/lib/kubelet"
RUN_DIR = "/run/standin"

#: name: default. Times are seconds.
OPTIONS = {
    "init_seconds": "1",  # spent in wait-control-plane once the API server answers
    "image_pull_seconds": "0",  # each image, by kubeadm or crictl
    "init_fail_times": "0",  # the first N inits fail in wait-control-plane, half done
    "init_hang": "no",  # init never gets an answer from the control plane
    "init_wait_seconds": "240",  # what the real one calls timeoutForControlPlane
    "join_fail_times": "0",  # the first N joins fail in kubelet-start, half done
    "join_hang": "no",
    "join_etcd_fail_times": "0",  # the first N joins of a control plane do not see etcd come up
    "discovery_retry_seconds": "1",  # the real interval is 5
    "config_retries": "3",  # the real one asks 20 times, 0.5 s apart
    "kubelet_status_seconds": "3",  # how often a kubelet posts; the real one: 10
    "kubelet_start_seconds": "0",  # before the kubelet does anything
    "ready_seconds": "0",  # after the CNI configuration is there
    "apiserver_start_seconds": "0",
    "node_monitor_grace_seconds": "40",
    "etcd_port": "2379",  # for clients; the next one for members, the one after for its metrics
    "csr_hang": "no",  # the approver sleeps
    "strict_config": "yes",  # no: warn of an unknown field and go on, as 1.22 itself does
    "key_bits": "2048",
    "pull_fail": "",  # an image whose name has this in it cannot be pulled
}


def root(path):
    """`path` of the machine as this process must open it."""
    prefix = os.environ.get("STANDIN_ROOT", "")
    return prefix + path if prefix else path


def rooted():
    return bool(os.environ.get("STANDIN_ROOT"))


def option(name):
    """The value of one option: environment, then file, then default."""
    default = OPTIONS[name]
    from_env = os.environ.get("STANDIN_" + name.upper())
    if from_env is not None:
        return from_env
    try:
        with open(root("/etc/standin.conf"), encoding="utf-8") as file:
            for line in file:
                key, sep, value = line.partition("=")
                if sep and key.strip().lower().replace("-", "_") == name:
                    return value.strip()
    except OSError:
        pass
    return default


def flag(name):
    return option(name).lower() in ("1", "yes", "true", "on")


def seconds(name):
    return float(option(name))


def count_down(name):
    """True for the first N calls on this machine, N being the option's value.

    The count lives in /var/lib/standin, which no `kubeadm reset` clears."""
    wanted = int(option(name))
    path = root(f"/var/lib/standin/{name}")
    try:
        with open(path, encoding="utf-8") as file:
            used = int(file.read() or 0)
    except (OSError, ValueError):
        used = 0
    if used >= wanted:
        return False
    write_file(path, str(used + 1), 0o644)
    return True


def write_file(path, data, mode=0o600):
    """Write atomically; `path` is already rooted."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.tmp{os.getpid()}"
    raw = data.encode() if isinstance(data, str) else data
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.write(descriptor, raw)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(temporary, path)


def read_file(path, binary=False):
    with open(path, "rb" if binary else "r", encoding=None if binary else "utf-8") as file:
        return file.read()


def read_or(path, default=None):
    try:
        return read_file(path)
    except OSError:
        return default


def exists(path):
    """Whether the machine's `path` exists."""
    return os.path.exists(root(path))
