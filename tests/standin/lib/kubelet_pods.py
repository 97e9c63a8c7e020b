"""Pods the stand-in can run: the static API server, and a pod that installs a CNI
configuration (what kube-flannel's init container does). Every other pod just "runs"."""
import datetime
import os
import subprocess
import sys

import conf
import host
import klog
import wire

UNIT = "standin-kube-apiserver"
PROGRAM = "kube-apiserver"
CNI_DIR = "/etc/cni/net.d"


def timestamp(micro=False):
    now = datetime.datetime.utcnow()
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def command_flags(manifest):
    """The words of the first container's command after the program."""
    return manifest["spec"]["containers"][0].get("command", [""])[1:]


def flag_value(words, name, default=""):
    for word in words:
        if word.startswith(f"--{name}="):
            return word.split("=", 1)[1]
    return default


class Pods:
    def __init__(self, config, node):
        self.folder = config.get("staticPodPath") or conf.MANIFESTS_DIR
        self.node = node
        self.child = None
        self.running = None  # the API server's words

    # -- static pods

    def _manifest(self, name):
        text = conf.read_or(conf.root(f"{self.folder}/{name}.yaml"))
        return wire.load_yaml(text) if text else None

    def static(self):
        """Have the API server run exactly while its manifest and etcd's are there."""
        server = self._manifest("kube-apiserver")
        etcd = self._manifest("etcd")
        if server is None or etcd is None:
            if self.running is not None or host.alive(conf.RUN_DIR + "/kube-apiserver.pid"):
                self._stop()
            return
        words = command_flags(server)
        words.append("--standin-data-dir=" + flag_value(command_flags(etcd), "data-dir",
                                                        "/var/lib/etcd"))
        upstream = (etcd["metadata"].get("annotations") or {}).get("standin/upstream")
        if upstream:  # a further control plane: its store is the first one's
            words.append("--standin-upstream=https://" + upstream)
        manager = self._manifest("kube-controller-manager")
        if manager and flag_value(command_flags(manager), "allocate-node-cidrs") == "true":
            words.append("--standin-cluster-cidr=" + flag_value(command_flags(manager),
                                                                "cluster-cidr"))
        if words != self.running and self.running is not None:
            self._stop()
        self.running = words
        if not host.alive(conf.RUN_DIR + "/kube-apiserver.pid"):
            self._start(words)

    def _own_unit(self):
        wish = conf.option("apiserver_unit")
        return host.has_systemd() if wish == "auto" else conf.flag("apiserver_unit")

    def _start(self, words):
        program = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                "bin", PROGRAM), *words]
        if self._own_unit():
            # Of its own, as a container is: it outlives a restart of the kubelet.
            if host.systemctl("is-active", "--quiet", UNIT)[0] == 0:
                return
            subprocess.run(["systemd-run", "--quiet", "--collect", "--unit=" + UNIT,
                            "--property=Restart=always", "--property=RestartSec=1",
                            "--property=SyslogIdentifier=kube-apiserver",
                            "--description=Kubernetes API server (stand-in)", *program],
                           check=False)
        elif self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(program, stdin=subprocess.DEVNULL,
                                          start_new_session=conf.rooted())
            conf.write_file(conf.root(conf.RUN_DIR + "/kube-apiserver.pid"),
                            str(self.child.pid), 0o644)
        klog.info("kuberuntime_manager.go:1", "Started static pod", pod="kube-apiserver")

    def _stop(self):
        klog.info("kuberuntime_manager.go:2", "Killing static pod", pod="kube-apiserver")
        if self._own_unit():
            host.systemctl("stop", UNIT)
        else:
            host.end(conf.RUN_DIR + "/kube-apiserver.pid")
        self.running, self.child = None, None

    # -- pods of the API

    def sync(self, client):
        self._mirror(client)
        pods = client.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{self.node}")["items"]
        for pod in pods:
            self._install_cni(client, pod)
        for pod in pods:
            if (pod.get("status") or {}).get("phase") != "Running" and self._can_run(pod):
                meta = pod["metadata"]
                address = host.default_address() or "127.0.0.1"
                names = [c["name"] for c in pod["spec"].get("containers", [])]
                client.merge(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status",
                             {"status": {"phase": "Running", "hostIP": address, "podIP": address,
                                         "startTime": timestamp(),
                                         "conditions": [{"type": "Ready", "status": "True"}],
                                         "containerStatuses": [
                                             {"name": n, "ready": True, "restartCount": 0,
                                              "state": {"running": {"startedAt": timestamp()}}}
                                             for n in names]}})

    @staticmethod
    def _can_run(pod):
        if pod["spec"].get("hostNetwork"):
            return True
        folder = conf.root(CNI_DIR)
        return os.path.isdir(folder) and bool(os.listdir(folder))

    def _mirror(self, client):
        try:
            files = sorted(os.listdir(conf.root(self.folder)))
        except OSError:
            return
        for file in files:
            if not file.endswith(".yaml"):
                continue
            pod = self._manifest(file[:-5])
            meta = pod["metadata"]
            name = f"{meta['name']}-{self.node}"
            namespace = meta.get("namespace", "default")
            spec = dict(pod["spec"], nodeName=self.node)
            notes = dict(meta.get("annotations") or {}, **{
                "kubernetes.io/config.source": "file", "kubernetes.io/config.mirror": "standin"})
            body = {"apiVersion": "v1", "kind": "Pod", "spec": spec,
                    "metadata": {"name": name, "namespace": namespace,
                                 "labels": meta.get("labels") or {}, "annotations": notes}}
            path = f"/api/v1/namespaces/{namespace}/pods"
            try:
                client.get(f"{path}/{name}")
            except wire.ApiError as error:
                if error.code != 404:
                    raise
                client.create(path, body)

    def _install_cni(self, client, pod):
        """A pod that mounts /etc/cni/net.d and a ConfigMap with cni-conf.json writes it there."""
        volumes = pod["spec"].get("volumes") or []
        if not any((v.get("hostPath") or {}).get("path", "").rstrip("/") == CNI_DIR
                   for v in volumes):
            return
        for volume in volumes:
            name = (volume.get("configMap") or {}).get("name")
            if not name:
                continue
            found = client.get(f"/api/v1/namespaces/{pod['metadata']['namespace']}/configmaps/"
                               f"{name}")
            text = (found.get("data") or {}).get("cni-conf.json")
            path = conf.root(CNI_DIR + "/10-flannel.conflist")
            if text and conf.read_or(path) != text:
                conf.write_file(path, text, 0o644)
                klog.info("cni.go:1", "Installed CNI configuration", path=path)
