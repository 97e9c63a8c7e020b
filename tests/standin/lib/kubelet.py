"""The stand-in kubelet: waits for its configuration, gets its credentials, starts the static
pods it knows (the API server), keeps its Node alive, and runs the pods it can (a CNI one)."""
import http.server
import os
import signal
import socket
import socketserver
import sys
import threading
import time

import conf
import host
import klog
import kubelet_bootstrap
import kubelet_node
import kubelet_pods
import kubelet_static
import wire
from kubeadm_schema import unknown_field

PID_FILE = host.KUBELET_PID


def parse_flags(argv):
    """--name=value or --name value; both forms are in use."""
    flags, at = {}, 0
    while at < len(argv):
        name, sep, value = argv[at].lstrip("-").partition("=")
        if not sep and at + 1 < len(argv) and not argv[at + 1].startswith("-"):
            at += 1
            value = argv[at]
        flags[name] = value
        at += 1
    return flags


def fail(message):
    klog.error("server.go:294", "Failed to run kubelet", err=f"failed to run Kubelet: {message}")
    return 1


def load_config(path):
    """The KubeletConfiguration, or None after having said what is wrong."""
    def give_up(reason):
        klog.error("server.go:206", "Failed to load kubelet config file", path=path,
                   err=f"failed to load Kubelet config file {path}, error {reason}")

    try:
        doc = wire.load_yaml(conf.read_file(conf.root(path)))
    except OSError as error:
        give_up(f'failed to read kubelet config file "{path}", error: open {path}: '
                f"{error.strerror.lower()}")
        return None
    except Exception as error:  # a YAML error of any kind
        give_up(f"failed to decode: {error}")
        return None
    if not isinstance(doc, dict) or doc.get("kind") != "KubeletConfiguration":
        give_up("failed to decode: Object 'Kind' is missing")
        return None
    unknown = unknown_field(doc, "KubeletConfiguration")
    if unknown:
        give_up(f'failed to decode: strict decoder error: unknown field "{unknown}"')
        return None
    return doc


def swap_lines():
    lines = (conf.read_or("/proc/swaps") or "").splitlines()
    return [line for line in lines if line.strip()]


class Healthz(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


socketserver.ThreadingTCPServer.allow_reuse_address = True


def serve_health(config):
    port = config.get("healthzPort", 10248)
    if not port:
        return
    address = (config.get("healthzBindAddress") or "127.0.0.1", port)
    server = socketserver.ThreadingTCPServer(address, Healthz)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def hold_port(config):
    """The port of the real one's own API: held, so that a preflight sees it in use."""
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", config.get("port", 10250)))
    sock.listen(1)
    return sock


def main(argv):
    if "--version" in argv:
        print(f"Kubernetes {conf.VERSION}")
        return 0
    flags = parse_flags(argv)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    klog.info("server.go:440", "Kubelet version", kubeletVersion=conf.VERSION)
    config = load_config(flags.get("config", "/var/lib/kubelet/config.yaml"))
    if config is None:
        return 1
    time.sleep(conf.seconds("kubelet_start_seconds"))
    if config.get("failSwapOn", True) and len(swap_lines()) > 1 and not conf.rooted():
        return fail("running with swap on is not supported, please disable swap! or set "
                    "--fail-swap-on flag to false. /proc/swaps contained: "
                    f"[{' '.join(swap_lines())}]")
    if flags.get("container-runtime") != "remote" and not conf.rooted():
        driver, problem = host.docker_info("CgroupDriver")
        if problem:
            return fail(f"failed to run Kubelet: failed to get docker version: {problem}")
        wanted = config.get("cgroupDriver", "cgroupfs")
        if driver != wanted:
            return fail(f'failed to run Kubelet: misconfiguration: kubelet cgroup driver: "{wanted}"'
                        f' is different from docker cgroup driver: "{driver}"')
    endpoint = flags.get("container-runtime-endpoint")
    if endpoint and not conf.rooted():
        problem = host.cri_problem(endpoint)
        if problem:
            return fail("unable to determine runtime API version: rpc error: code = "
                        f"Unavailable desc = {problem}")
    held = None
    try:
        serve_health(config)
        held = hold_port(config)
    except OSError as error:
        if not conf.rooted():  # several kubelets of a self-test share one machine's ports
            klog.error("server.go:149", "Failed to listen and serve", err=f"listen tcp: {error}")
            return 1
    name = flags.get("hostname-override") or host.hostname()
    static = kubelet_static.StaticPods(config.get("staticPodPath") or conf.MANIFESTS_DIR)
    threading.Thread(target=_static_loop, args=(static,), daemon=True).start()
    try:
        kubelet_bootstrap.ensure(flags, name)
    except kubelet_bootstrap.Failed as error:
        return fail(error)
    kubelet_node.run(flags, config, name, kubelet_pods.Pods(static, name))
    del held
    return 0


def _static_loop(static):
    while True:
        try:
            static.run()
        except Exception as error:  # a manifest that cannot be read: the real one logs it too
            klog.error("file.go:187", "Could not process manifest file", err=error)
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
