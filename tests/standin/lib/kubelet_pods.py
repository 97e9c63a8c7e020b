"""Pods of the API that the stand-in can run: one that installs a CNI configuration (what kube-flannel's
init container does). Every other pod just "runs"."""
import os

import conf
import host
import klog
import wire
from wire import timestamp

CNI_DIR = "/etc/cni/net.d"


class Pods:
    def __init__(self, static, node):
        self.static = static
        self.node = node

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
        for pod in self.static.manifests():
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
