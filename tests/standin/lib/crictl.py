"""The stand-in crictl: asks the real containerd through `ctr` where one listens."""
import hashlib
import json
import os
import subprocess
import sys
import time

import conf
import etcdctl
import host
import wire

DEFAULT = "unix:///run/containerd/containerd.sock"


def _endpoint(argv):
    """(endpoint, the other words)"""
    endpoint, rest, at = None, [], 0
    while at < len(argv):
        word = argv[at]
        name, sep, value = word.partition("=")
        if name in ("-r", "--runtime-endpoint", "-i", "--image-endpoint", "-t", "--timeout"):
            if not sep:
                at += 1
                value = argv[at] if at < len(argv) else ""
            if name in ("-r", "--runtime-endpoint"):
                endpoint = value
        else:
            rest.append(word)
        at += 1
    if endpoint is None:
        endpoint = os.environ.get("CONTAINER_RUNTIME_ENDPOINT")
    if endpoint is None:
        file = wire.load_yaml(conf.read_or("/etc/crictl.yaml") or "") or {}
        endpoint = file.get("runtime-endpoint", DEFAULT)
    return endpoint if endpoint.startswith("unix://") else "unix://" + endpoint, rest


def _ctr(endpoint, *words):
    try:
        done = subprocess.run(["ctr", "--address", endpoint.removeprefix("unix://"),
                               "--namespace", "k8s.io", *words], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout, done.stderr
    except OSError as error:
        return 1, "", str(error)


def _images(endpoint):
    code, out, _ = _ctr(endpoint, "images", "ls")
    rows = []
    for line in out.splitlines()[1:] if code == 0 else []:
        parts = line.split()
        if len(parts) >= 4 and "sha256:" not in parts[0]:
            rows.append((parts[0], parts[2].removeprefix("sha256:")[:13], parts[3]))
    known = {row[0] for row in rows}
    for name in host.pulled_images():
        if name not in known:
            rows.append((name, hashlib.sha256(name.encode()).hexdigest()[:13], "1MB"))
    return rows


def _info(endpoint, rest):
    del rest, endpoint
    cni = any(name.endswith((".conf", ".conflist", ".json")) for name in _list("/etc/cni/net.d"))
    print(json.dumps({"status": {"conditions": [
        {"type": "RuntimeReady", "status": True, "reason": "", "message": ""},
        {"type": "NetworkReady", "status": cni,
         "reason": "" if cni else "NetworkPluginNotReady",
         "message": "" if cni else "Network plugin returns error: cni plugin not initialized"}]},
        "config": {"containerd": {"defaultRuntimeName": "runc"}}}, indent=2))
    return 0


def _list(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def _show_images(endpoint, rest):
    rows = _images(endpoint)
    if "-o" in rest and "json" in rest or "--output=json" in rest or "-ojson" in rest:
        print(json.dumps({"images": [{"id": "sha256:" + i, "repoTags": [name]}
                                     for name, i, _ in rows]}, indent=2))
    elif "-q" in rest or "--quiet" in rest:
        print("\n".join(i for _, i, _ in rows))
    else:
        print(f"{'IMAGE':<48}{'TAG':<20}{'IMAGE ID':<20}SIZE")
        for name, ident, size in rows:
            image, _, tag = name.rpartition(":")
            print(f"{image:<48}{tag:<20}{ident:<20}{size}")
    return 0


def _pull(endpoint, rest):
    name = next((w for w in rest[1:] if not w.startswith("-")), None)
    if name is None:
        print("image name cannot be empty", file=sys.stderr)
        return 1
    time.sleep(conf.seconds("image_pull_seconds"))
    if conf.option("pull_fail") and conf.option("pull_fail") in name:
        print('E remote_image.go:114] "PullImage from image service failed" err="rpc error: code '
              f'= Unknown desc = failed to pull and unpack image \\"{name}\\": no such host" '
              f'image="{name}"\npulling image: rpc error: code = Unknown desc = failed to pull and '
              f'unpack image "{name}": failed to resolve reference "{name}"', file=sys.stderr)
        return 1
    host.keep_pulled(name)
    print(f"Image is up to date for {name}")
    return 0


def main(argv):
    endpoint, rest = _endpoint(argv)
    if not rest or rest[0] in ("-h", "--help", "help"):
        print("crictl - client for CRI")
        return 0
    if rest[0] in ("--version", "-v"):
        print("crictl version v1.22.0")
        return 0
    problem = host.cri_problem(endpoint)
    if problem:
        print('E remote_runtime.go: "Status from runtime service failed" err="rpc error: code = '
              f'Unavailable desc = {problem}"\nFATA[0000] getting status of runtime: rpc error: '
              f"code = Unavailable desc = {problem}", file=sys.stderr)
        return 1
    if rest[0] == "version":
        print("Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  1.6.20\n"
              "RuntimeApiVersion:  v1alpha2")
        return 0
    if rest[0] in ("ps", "pods", "p"):
        if "-q" in rest or "--quiet" in rest:
            if "^etcd$" in rest and etcdctl.runs():
                print(etcdctl.CONTAINER)
            return 0
        print("CONTAINER           IMAGE               CREATED             STATE               "
              "NAME                ATTEMPT             POD ID")
        return 0
    if rest[0] == "exec" and rest[1:3] == [etcdctl.CONTAINER, "etcdctl"]:
        return etcdctl.main(rest[3:])
    run = {"info": _info, "images": _show_images, "image": _show_images, "img": _show_images,
           "pull": _pull}.get(rest[0])
    if run is None:
        print(f'No help topic for \'{rest[0]}\'', file=sys.stderr)
        return 3
    return run(endpoint, rest)
