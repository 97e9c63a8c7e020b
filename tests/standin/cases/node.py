"""A node of the self-test: a folder, the programs run in it, and their end."""
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
BIN = os.path.join(HERE, "..", "bin")
FLANNEL = os.path.join(HERE, "..", "manifests", "flannel.yml")


def free_port():
    """None that the kernel would give to a connection meanwhile (ip_local_port_range)."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def free_ports(count):
    """The first of so many in a row."""
    while True:
        first = free_port()
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            pass
        finally:
            for sock in held:
                sock.close()


class Done:
    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout
        self.err = completed.stderr
        self.text = completed.stdout + completed.stderr


class Node:
    def __init__(self, name, port=None, **options):
        self.name = name
        self.port = port or free_port()
        self.root = tempfile.mkdtemp(prefix=f"standin-{name}-")
        os.makedirs(self.root + "/var/log")
        os.makedirs(self.root + "/etc/kubernetes/manifests")
        self.env = dict(os.environ, STANDIN_ROOT=self.root, STANDIN_INIT_SECONDS="0",
                        STANDIN_DISCOVERY_RETRY_SECONDS="0.1",
                        STANDIN_ETCD_PORT=str(free_ports(3)),
                        STANDIN_KUBELET_STATUS_SECONDS="0.3", PYTHONDONTWRITEBYTECODE="1")
        self.env.pop("KUBECONFIG", None)
        self.set(**options)

    def set(self, **options):
        """Write /etc/standin.conf."""
        with open(self.root + "/etc/standin.conf", "w", encoding="utf-8") as file:
            for key, value in options.items():
                file.write(f"{key} = {value}\n")

    def path(self, name):
        return self.root + name

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def run(self, program, *words, stdin=None):
        return Done(subprocess.run([os.path.join(BIN, program), *words], env=self.env, text=True,
                                   input=stdin, capture_output=True, timeout=60, check=False))

    def kubeadm(self, *words):
        return self.run("kubeadm", *words)

    def kubectl(self, *words, stdin=None):
        return self.run("kubectl", "--kubeconfig", self.path("/etc/kubernetes/admin.conf"),
                        *words, stdin=stdin)

    def init_file(self, init="", cluster="", kubelet="", node=""):
        return self.write("/root/init.yaml", f"""
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
localAPIEndpoint: {{advertiseAddress: 127.0.0.1, bindPort: {self.port}}}
nodeRegistration: {{name: {self.name}{node}}}
{init}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
networking: {{podSubnet: 10.244.0.0/16}}
{cluster}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
healthzPort: 0
port: {free_port()}
{kubelet}
""")

    def init(self, *words, **parts):
        return self.kubeadm("init", "--config", self.init_file(**parts),
                            "--ignore-preflight-errors=NumCPU,Mem", *words)

    def join_file(self, discovery, more=""):
        return self.write("/root/join.yaml", f"""
apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
nodeRegistration: {{name: {self.name}}}
discovery:
  timeout: 1s
{discovery}
{more}
""")

    def join(self, discovery, more=""):
        return self.kubeadm("join", "--config", self.join_file(discovery, more))

    def pid(self, program):
        try:
            return int(self.read(f"/run/standin/{program}.pid"))
        except (OSError, ValueError):
            return None

    def end(self, program):
        pid = self.pid(program)
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:  # only what this node started
                if self.root.encode() in file.read():
                    os.kill(pid, signal.SIGKILL)
        except (OSError, TypeError):
            pass

    def close(self):
        self.end("kubelet")
        self.end("kube-apiserver")
        self.end("etcd")
        shutil.rmtree(self.root, ignore_errors=True)


def wait_for(condition, limit=15.0):
    """The first true value of `condition()`; False when the time is over."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return False
