"""The Node object of this machine: registration, conditions, lease."""
import glob
import os
import platform
import time

import conf
import host
import klog
import wire
from wire import timestamp

NO_CNI = ("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
          "message:Network plugin returns error: cni plugin not initialized")
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def cni_configured():
    found = []
    for pattern in ("*.conf", "*.conflist", "*.json"):
        found += glob.glob(conf.root("/etc/cni/net.d/") + pattern)
    return bool(found)


def parse_taint(text):
    """key=value:Effect or key:Effect"""
    left, _, effect = text.rpartition(":")
    key, _, value = left.partition("=")
    taint = {"key": key, "effect": effect}
    if value:
        taint["value"] = value
    return taint


class Node:
    def __init__(self, flags, config, name):
        self.flags = flags
        self.config = config
        self.name = name
        self.path = "/api/v1/nodes/" + name
        self.ready_since = None
        self.changed = {}  # condition: (status, when)
        self.runtime = "containerd://1.6.20"
        if flags.get("container-runtime") != "remote" and not conf.rooted():
            self.runtime = "docker://" + host.docker_info("ServerVersion")[0]

    def _ready(self):
        if not cni_configured():
            self.ready_since = None
            return False
        now = time.monotonic()
        self.ready_since = self.ready_since or now
        return now - self.ready_since >= conf.seconds("ready_seconds")

    def _condition(self, kind, status, reason, message):
        now = timestamp()
        if self.changed.get(kind, (None,))[0] != status:
            self.changed[kind] = (status, now)
        return {"type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": now, "lastTransitionTime": self.changed[kind][1]}

    def status(self):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
        capacity = {"cpu": str(os.cpu_count()), "memory": f"{memory}Ki",
                    "pods": str(self.config.get("maxPods", 110)),
                    "ephemeral-storage": "20145724Ki"}
        ready = self._ready()
        uname = os.uname()
        address = self.flags.get("node-ip") or host.default_address() or "127.0.0.1"
        release = _os_release()
        return {
            "addresses": [{"type": "InternalIP", "address": address},
                          {"type": "Hostname", "address": self.name}],
            "capacity": capacity, "allocatable": capacity,
            "conditions": [
                self._condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                                "kubelet has sufficient memory available"),
                self._condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
                                "kubelet has no disk pressure"),
                self._condition("PIDPressure", "False", "KubeletHasSufficientPID",
                                "kubelet has sufficient PID available"),
                self._condition("Ready", "True", "KubeletReady",
                                "kubelet is posting ready status") if ready else
                self._condition("Ready", "False", "KubeletNotReady", NO_CNI)],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.config.get("port", 10250)}},
            "nodeInfo": {"architecture": "amd64", "bootID": _read("/proc/sys/kernel/random/boot_id"),
                         "containerRuntimeVersion": self.runtime,
                         "kernelVersion": uname.release, "kubeProxyVersion": conf.VERSION,
                         "kubeletVersion": conf.VERSION, "machineID": _read("/etc/machine-id"),
                         "operatingSystem": "linux", "osImage": release,
                         "systemUUID": _read("/etc/machine-id")}}

    def labels(self):
        arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
        result = {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux",
                  "kubernetes.io/arch": arch, "beta.kubernetes.io/os": "linux",
                  "beta.kubernetes.io/arch": arch}
        for part in filter(None, self.flags.get("node-labels", "").split(",")):
            key, _, value = part.partition("=")
            result[key] = value
        return result

    def register(self, client):
        spec = {}
        taints = [parse_taint(t) for t in filter(
            None, self.flags.get("register-with-taints", "").split(","))]
        if taints:
            spec["taints"] = taints
        klog.info("kubelet_node_status.go:71", "Attempting to register node", node=self.name)
        try:
            client.create("/api/v1/nodes", {
                "apiVersion": "v1", "kind": "Node", "spec": spec, "status": self.status(),
                "metadata": {"name": self.name, "labels": self.labels(), "annotations": {
                    "volumes.kubernetes.io/controller-managed-attach-detach": "true"}}})
        except wire.ApiError as error:
            if error.code != 409:
                raise
        klog.info("kubelet_node_status.go:74", "Successfully registered node", node=self.name)

    def post(self, client):
        """A status (PATCH .../status) and the lease."""
        client.strategic(self.path + "/status", {"status": self.status()})
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": self.name, "namespace": "kube-node-lease"},
                 "spec": {"holderIdentity": self.name, "leaseDurationSeconds": 40,
                          "renewTime": timestamp(True)}}
        client.create_or_update(LEASES, lease)


def run(flags, config, name, pods):
    """Until the process is ended."""
    node = Node(flags, config, name)
    kubeconfig = conf.root(flags.get("kubeconfig", "/etc/kubernetes/kubelet.conf"))
    registered, client, used = False, None, None
    while True:
        pause = conf.seconds("kubelet_status_seconds")
        try:
            stamp = os.stat(kubeconfig).st_mtime_ns
            if stamp != used:  # kubeadm's kubelet-finalize rewrites it
                client, used = wire.Client.load(kubeconfig), stamp
            if not registered:
                node.register(client)
                registered = True
            before = cni_configured()
            pods.sync(client)
            node.post(client)
            if not before or not node.ready_since:
                pause = min(pause, 0.5)  # soon after the CNI configuration is there
        except wire.ApiError as error:
            if error.code == 404 and registered:
                registered = False  # as the real one, it does not come back by itself:
                klog.error("kubelet_node_status.go:470", "Error updating node status, will retry",
                           err=f'error getting node "{name}": {error}')
                pause = max(pause, 1)
            else:
                _complain(registered, name, error)
        except (wire.ConnectError, wire.ConfigError, OSError) as error:
            _complain(registered, name, error)
            pause = min(pause, 0.5)
        time.sleep(pause)


def _complain(registered, name, error):
    if registered:
        klog.error("kubelet_node_status.go:470", "Error updating node status, will retry",
                   err=f'error getting node "{name}": {error}')
    else:
        klog.error("kubelet_node_status.go:93", "Unable to register node with API server",
                   err=error, node=name)


def _read(path):
    return (conf.read_or(path) or "").strip()


def _os_release():
    for line in (conf.read_or("/etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return "Linux"
