"""Preflight checks: the same names, order and texts as kubeadm 1.22 (preflight/checks.go)."""
import os
import re
import socket
import sys
import threading

import conf
import host
from kubeadm_error import PreflightErrors

CONTROL_PLANE_PODS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
BRIDGE = "/proc/sys/net/bridge/bridge-nf-call-iptables"
FORWARD = "/proc/sys/net/ipv4/ip_forward"


class Checks:
    """Collects (name, text) errors and warnings in order."""

    def __init__(self, ignore):
        self.ignore = {name.strip().lower() for name in ignore}
        self.errors = []
        self.warnings = []

    def error(self, name, text):
        if name.lower() in self.ignore or "all" in self.ignore:
            self.warnings.append((name, text))
        else:
            self.errors.append((name, text))

    def warn(self, name, text):
        self.warnings.append((name, text))

    def finish(self):
        for name, text in self.warnings:
            print(f"\t[WARNING {name}]: {text}", file=sys.stderr, flush=True)
        if self.errors:
            raise PreflightErrors(self.errors)

    # -- single checks

    def port(self, number):
        sock = socket.socket(socket.AF_INET6)
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::", number))
            sock.listen(1)
        except OSError:
            self.error(f"Port-{number}", f"Port {number} is in use")
        finally:
            sock.close()

    def file_available(self, path):
        if conf.exists(path):
            self.error("FileAvailable-" + path.replace("/", "-"), f"{path} already exists")

    def dir_available(self, path):
        try:
            if os.listdir(conf.root(path)):
                self.error("DirAvailable-" + path.replace("/", "-"), f"{path} is not empty")
        except OSError:
            pass

    def content_is_one(self, path):
        name = "FileContent-" + path.replace("/", "-")
        text = conf.read_or(path)
        if text is None:
            self.error(name, f"{path} does not exist")
        elif not text.startswith("1"):
            self.error(name, f"{path} contents are not set to 1")

    def in_path(self, program, mandatory):
        if host.which(program):
            return
        add = self.error if mandatory else self.warn
        add("FileExisting-" + program, f"{program} not found in system path")

    def root(self):
        if os.getuid() != 0:
            self.error("IsPrivilegedUser", "user is not running as root")
            self.finish()

    def cpus(self):
        count = len(os.sched_getaffinity(0))
        if count < 2:
            self.error("NumCPU", f"the number of available CPUs {count} is less than the "
                       "required 2")

    def memory(self):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024 // 1024
        if total < 1700:
            self.error("Mem", f"the system RAM ({total} MB) is less than the minimum 1700 MB")

    def version(self, version):
        minor = tuple(map(int, re.findall(r"\d+", version)[:2]))
        if minor > (1, 22):
            self.error("KubernetesVersion", "Kubernetes version is greater than kubeadm version. "
                       "Please consider to upgrade kubeadm. Kubernetes version: "
                       f"{version[1:]}. Kubeadm version: 1.22.x")

    def runtime(self, endpoint):
        if conf.rooted():
            return
        if endpoint == host.DOCKERSHIM:
            driver, problem = host.docker_info("CgroupDriver")
            if problem:
                self.error("CRI", f"container runtime is not running: output: {problem}\n, error: "
                           "exit status 1")
            elif driver != "systemd":
                self.warn("IsDockerSystemdCheck", f'detected "{driver}" as the Docker cgroup '
                          'driver. The recommended driver is "systemd". Please follow the guide at '
                          "https://kubernetes.io/docs/setup/cri/")
            return
        problem = host.cri_problem(endpoint)
        if problem:
            self.error("CRI", "container runtime is not running: output: E"
                       f' remote_runtime.go: "Status from runtime service failed" err="rpc error: '
                       f'code = Unavailable desc = {problem}"\n, error: exit status 1')

    def swap(self):
        lines = (conf.read_or("/proc/swaps") or "").splitlines()
        if len(lines) > 1 and not conf.rooted():
            self.error("Swap", "running with swap on is not supported. Please disable swap")

    def hostname(self, name):
        found = []
        asking = threading.Thread(target=_resolve, args=(name, found), daemon=True)
        asking.start()
        asking.join(1.0)  # the real one waits for as long as the resolver does
        if not found:
            self.warn("Hostname", f'hostname "{name}" could not be reached')
            self.warn("Hostname", f'hostname "{name}": lookup {name}: no such host')

    def kubelet_service(self):
        if not host.has_systemd():
            return
        code, _ = host.systemctl("is-enabled", "kubelet")
        if code != 0:
            self.warn("Service-Kubelet", "kubelet service is not enabled, please run 'systemctl "
                      "enable kubelet.service'")

    def common(self, node, kubelet_port):
        self.runtime(node["criSocket"])
        if not conf.rooted():
            self.in_path("crictl", True)
            self.content_is_one(BRIDGE)
            self.content_is_one(FORWARD)
            self.swap()
            for program in ("conntrack", "ip", "iptables", "mount", "nsenter"):
                self.in_path(program, True)
            for program in ("ebtables", "ethtool", "socat", "tc", "touch"):
                self.in_path(program, False)
        self.hostname(node["name"])
        self.kubelet_service()
        self.port(kubelet_port)


def _resolve(name, found):
    try:
        found += socket.getaddrinfo(name, None)
    except OSError:
        pass


def init(config, ignore):
    """Before `kubeadm init`; PreflightErrors with everything that is wrong."""
    checks = Checks(ignore)
    checks.root()
    control_plane(checks, config)
    checks.common(config.node, config.kubelet.get("port", 10250))
    if not conf.rooted():
        checks.port(2379)
        checks.port(2380)
    checks.dir_available(config.etcd_dir)
    checks.finish()


def control_plane(checks, config):
    checks.cpus()
    checks.memory()
    checks.version(config.version)
    checks.port(config.port)
    if not conf.rooted():
        checks.port(10259)
        checks.port(10257)
    for name in CONTROL_PLANE_PODS:
        checks.file_available(f"{conf.MANIFESTS_DIR}/{name}.yaml")


def join(config, ignore):
    checks = Checks(ignore)
    checks.root()
    checks.dir_available(conf.MANIFESTS_DIR)
    checks.file_available(conf.KUBERNETES_DIR + "/kubelet.conf")
    checks.file_available(conf.KUBERNETES_DIR + "/bootstrap-kubelet.conf")
    checks.common(config.node, 0 if conf.rooted() else 10250)
    if config.control_plane is None:
        checks.file_available(config.ca_path)
    checks.finish()


def second_control_plane(config, ignore):
    """The further checks of a control plane that joins."""
    checks = Checks(ignore)
    control_plane(checks, config)
    checks.dir_available(config.etcd_dir)
    checks.finish()


def pull(images, ignore):
    checks = Checks(ignore)
    broken = conf.option("pull_fail")
    for image in images:
        if broken and broken in image:
            checks.error("ImagePull", f"failed to pull image {image}: output: rpc error: code = "
                         f'Unknown desc = failed to pull and unpack image "{image}": failed to '
                         f'resolve reference "{image}": failed to do request: dial tcp: lookup '
                         "k8s.gcr.io: no such host\n, error: exit status 1")
    checks.finish()
