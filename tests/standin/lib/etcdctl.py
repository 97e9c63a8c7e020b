"""The stand-in etcdctl, by `crictl exec`: `member list -w json`, `member remove ID`. The members are
the control planes that have an etcd pod; who was taken out stands in a ConfigMap."""
import hashlib
import json
import sys

import conf
import kubeadm_files as files
import wire

CONTAINER = "57a4d1e7cd"
NAME = "standin-etcd-removed"
PATH = "/api/v1/namespaces/kube-system/configmaps"


def runs():
    return conf.exists(conf.MANIFESTS_DIR + "/etcd.yaml")


def _id(name):
    return int(hashlib.sha256(name.encode()).hexdigest()[:16], 16)


def _removed(client):
    try:
        return client.get(f"{PATH}/{NAME}").get("data") or {}
    except wire.ApiError as error:
        if error.code != 404:
            raise
        return {}


def _members(client):
    pods = client.get("/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd")["items"]
    removed = _removed(client)
    found = []
    for pod in pods:
        name = pod["spec"]["nodeName"]
        url = (pod["metadata"].get("annotations") or {}).get(files.ETCD_ANNOTATION)
        if url and name not in removed:
            found.append({"ID": _id(name), "name": name,
                          "peerURLs": [url.replace(":2379", ":2380")], "clientURLs": [url]})
    return found


def main(words):
    words = [word for word in words if not word.startswith("--")]
    client = wire.Client.load(conf.root(conf.KUBERNETES_DIR + "/admin.conf"))
    if words[:2] == ["member", "list"]:
        print(json.dumps({"header": {}, "members": _members(client)}))
        return 0
    if words[:2] == ["member", "remove"] and len(words) == 3:
        for member in _members(client):
            if f"{member['ID']:x}" == words[2]:
                client.create_or_update(PATH, {
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": NAME, "namespace": "kube-system"},
                    "data": {**_removed(client), member["name"]: words[2]}})
                print(f"Member {words[2]} removed from cluster 1")
                return 0
        print("Error: etcdserver: member not found", file=sys.stderr)
        return 1
    print("Error: unknown command", file=sys.stderr)
    return 1
