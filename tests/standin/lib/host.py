"""What the programs ask the machine: its name, addresses, services."""
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import conf


def hostname():
    return (conf.read_or(conf.root("/etc/standin-hostname"))
            or socket.gethostname()).strip().lower()


def default_address():
    """The address of the default route's interface, or the first global one, or None."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        address = probe.getsockname()[0]
        if not ipaddress.ip_address(address).is_loopback:
            return address
    except OSError:
        pass
    finally:
        probe.close()
    try:
        raw = subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout
        for link in json.loads(raw):
            for entry in link.get("addr_info", []):
                if entry.get("scope") == "global":
                    return entry["local"]
    except (OSError, ValueError, subprocess.CalledProcessError):
        pass
    return None


def has_systemd():
    return not conf.rooted() and os.path.isdir("/run/systemd/system")


def systemctl(*words):
    """(exit code, output)"""
    done = subprocess.run(["systemctl", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.strip()


def alive(pid_file):
    """The live process a pid file names, or None."""
    try:
        pid = int(conf.read_file(conf.root(pid_file)))
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return None if file.read().rpartition(")")[2].split()[0] == "Z" else pid
    except (OSError, ValueError):
        return None


def end(pid_file, limit=5.0):
    pid = alive(pid_file)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + limit
    while alive(pid_file) and time.monotonic() < until:
        time.sleep(0.02)
    if alive(pid_file):
        os.kill(pid, signal.SIGKILL)


KUBELET_PID = conf.RUN_DIR + "/kubelet.pid"


def kubelet_words():
    """The kubelet's command line as the drop-in 10-kubeadm.conf makes it."""
    words = ["--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
             "--kubeconfig=/etc/kubernetes/kubelet.conf",
             "--config=/var/lib/kubelet/config.yaml"]
    env = conf.read_or(conf.root(conf.KUBELET_DIR + "/kubeadm-flags.env"), "")
    for line in env.splitlines():
        name, _, value = line.partition("=")
        if name == "KUBELET_KUBEADM_ARGS":
            words += value.strip().strip('"').split()
    return words


def start_kubelet():
    """Where there is no systemd the kubelet is a process of its own, without restarts."""
    if has_systemd():
        systemctl("daemon-reload")
        return systemctl("restart", "kubelet")
    stop_kubelet()
    log = open(conf.root("/var/log/kubelet.log"), "ab") if conf.rooted() else None
    program = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "kubelet")
    child = subprocess.Popen([sys.executable, program, *kubelet_words()], stdout=log, stderr=log,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    conf.write_file(conf.root(KUBELET_PID), str(child.pid), 0o644)
    return 0, ""


def stop_kubelet():
    if has_systemd():
        return systemctl("stop", "kubelet")
    end(KUBELET_PID)
    return 0, ""


def which(program):
    return shutil.which(program, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                        "/sbin:/bin")


def cri_problem(endpoint):
    """None when something listens on the CRI socket, else the reason as gRPC says it."""
    path = endpoint.removeprefix("unix://")
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(2)
    try:
        probe.connect(path)
        return None
    except OSError as error:
        return ('connection error: desc = "transport: Error while dialing dial unix '
                f'{path}: connect: {error.strerror.lower()}"')
    finally:
        probe.close()


DOCKERSHIM = "/var/run/dockershim.sock"  # served by kubelet itself, up to 1.23


def docker_info(field):
    """(value, what `docker info` complains of)"""
    try:
        done = subprocess.run(["docker", "info", "--format", "{{." + field + "}}"],
                              capture_output=True, text=True, check=False)
    except OSError:
        return "", 'exec: "docker": executable file not found in $PATH'
    return done.stdout.strip(), "" if done.returncode == 0 else done.stderr.strip()


PULLED = "/var/lib/kagent-standin/pulled-images"


def pulled_images():
    """What was pulled, for nothing real is there that would keep it."""
    try:
        with open(conf.root(PULLED), encoding="utf-8") as file:
            return file.read().split()
    except OSError:
        return []


def keep_pulled(name):
    if name in pulled_images():
        return
    os.makedirs(os.path.dirname(conf.root(PULLED)), exist_ok=True)
    with open(conf.root(PULLED), "a", encoding="utf-8") as file:
        file.write(name + "\n")
