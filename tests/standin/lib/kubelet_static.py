"""The static pods that the stand-in runs: etcd (the real one) and the API server. The controllers are
threads of the API server; a scheduler is not needed."""
import os
import subprocess
import sys

import conf
import host
import klog
import wire

ROOTED = ("-file", "data-dir")  # flags of etcd that name something on this machine


def command_flags(manifest):
    """The words of the first container's command after the program."""
    return manifest["spec"]["containers"][0].get("command", [""])[1:]


def flag_value(words, name, default=""):
    for word in words:
        if word.startswith(f"--{name}="):
            return word.split("=", 1)[1]
    return default


class StaticPods:
    def __init__(self, folder):
        self.folder = folder
        self.programs = {name: _Program(name) for name in ("etcd", "kube-apiserver")}

    def manifest(self, name):
        text = conf.read_or(conf.root(f"{self.folder}/{name}.yaml"))
        return wire.load_yaml(text) if text else None

    def manifests(self):
        try:
            files = sorted(os.listdir(conf.root(self.folder)))
        except OSError:
            return
        for file in files:
            if file.endswith(".yaml"):
                yield self.manifest(file[:-5])

    def run(self):
        """Have each run exactly while its manifest is there, with that manifest's flags."""
        etcd, server = self.manifest("etcd"), self.manifest("kube-apiserver")
        self.programs["etcd"].keep(etcd and ["etcd", *map(_rooted, command_flags(etcd))])
        if server is None:
            self.programs["kube-apiserver"].keep(None)
            return
        words = command_flags(server)
        manager = self.manifest("kube-controller-manager")
        if manager and flag_value(command_flags(manager), "allocate-node-cidrs") == "true":
            words.append("--standin-cluster-cidr=" + flag_value(command_flags(manager),
                                                                "cluster-cidr"))
        here = os.path.dirname(os.path.abspath(__file__))
        self.programs["kube-apiserver"].keep(
            [sys.executable, os.path.join(here, "bin", "kube-apiserver"), *words])


def _rooted(word):
    name, sep, value = word.partition("=")
    return name + sep + conf.root(value) if name.endswith(ROOTED) else word


class _Program:
    def __init__(self, name):
        self.name = name
        self.unit = "standin-" + name
        self.pid_file = f"{conf.RUN_DIR}/{name}.pid"
        self.child = None
        self.words = None  # it runs with

    def keep(self, words):
        """`words`: argv, or None where it shall not run."""
        runs = self._runs()
        if runs and (words is None or self.words not in (None, words)):
            klog.info("kuberuntime_manager.go:2", "Killing static pod", pod=self.name)
            self.stop()
            runs = False
        self.words = words
        if words is not None and not runs:
            self._start(words)
            klog.info("kuberuntime_manager.go:1", "Started static pod", pod=self.name)

    def _runs(self):
        if host.has_systemd():
            return host.systemctl("is-active", "--quiet", self.unit)[0] == 0
        if self.child is not None:
            return self.child.poll() is None
        return bool(host.alive(self.pid_file))

    def _start(self, words):
        if host.has_systemd():
            # Of its own, as a container is: it outlives a restart of the kubelet.
            subprocess.run(["systemd-run", "--quiet", "--collect", "--unit=" + self.unit,
                            "--property=Restart=always", "--property=RestartSec=1",
                            "--property=StartLimitIntervalSec=0",
                            "--property=SyslogIdentifier=" + self.name,
                            f"--description=Static pod {self.name}", *words], check=False)
        else:
            self.child = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                          start_new_session=conf.rooted())
            conf.write_file(conf.root(self.pid_file), str(self.child.pid), 0o644)

    def stop(self):
        if host.has_systemd():
            host.systemctl("stop", self.unit + ".service")
        else:
            host.end(self.pid_file)
            self.child = None


def stop_all():
    """What `kubeadm reset` has the container runtime do."""
    for name in ("kube-apiserver", "etcd"):
        _Program(name).stop()
