"""`kubeadm init` and `kubeadm init phase ...`."""
import time

import conf
import host
import kubeadm_certs
import kubeadm_cluster as cluster
import kubeadm_files as files
import kubeadm_preflight as preflight
import wire
from kubeadm_config import parse_duration
from kubeadm_error import PhaseFailure, PreflightErrors

WAIT_FAILED = """
\tUnfortunately, an error has occurred:
\t\ttimed out waiting for the condition

\tThis error is likely caused by:
\t\t- The kubelet is not running
\t\t- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)

\tIf you are on a systemd-powered system, you can try to troubleshoot the error with the following commands:
\t\t- 'systemctl status kubelet'
\t\t- 'journalctl -xeu kubelet'
"""
DONE = """
Your Kubernetes control-plane has initialized successfully!

To start using your cluster, you need to run the following as a regular user:

  mkdir -p $HOME/.kube
  sudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config
  sudo chown $(id -u):$(id -g) $HOME/.kube/config

Alternatively, if you are the root user, you can run:

  export KUBECONFIG=/etc/kubernetes/admin.conf

You should now deploy a pod network to the cluster.
Run "kubectl apply -f [podnetwork].yaml" with one of the options listed at:
  https://kubernetes.io/docs/concepts/cluster-administration/addons/

Then you can join any number of worker nodes by running the following on each as root:

kubeadm join {endpoint} --token {token} \\
\t--discovery-token-ca-cert-hash {hash} """


def images(config):
    repository = config.repository
    return [f"{repository}/kube-apiserver:{config.version}",
            f"{repository}/kube-controller-manager:{config.version}",
            f"{repository}/kube-scheduler:{config.version}",
            f"{repository}/kube-proxy:{config.version}", f"{repository}/pause:3.5",
            f"{repository}/etcd:3.5.0-0", f"{repository}/coredns/coredns:v1.8.4"]


class Init:
    """One run; every phase is a method, PHASES says the order."""

    def __init__(self, config, ignore=(), upload_certs=False, certificate_key=None,
                 quiet=False, quiet_key=False):
        self.config = config
        self.ignore = list(ignore) + config.ignore
        self.upload = upload_certs
        self.key = certificate_key or config.certificate_key
        self.quiet = quiet  # --skip-token-print
        self.quiet_key = quiet_key  # --skip-certificate-key-print
        self.token = None
        self._client = None

    @property
    def client(self):
        if self._client is None:
            self._client = wire.Client.load(conf.root(conf.KUBERNETES_DIR + "/admin.conf"))
        return self._client

    def preflight(self):
        print("[preflight] Running pre-flight checks", flush=True)
        preflight.init(self.config, self.ignore)
        print("[preflight] Pulling images required for setting up a Kubernetes cluster\n"
              "[preflight] This might take a minute or two, depending on the speed of your "
              "internet connection\n[preflight] You can also perform this action in beforehand "
              "using 'kubeadm config images pull'", flush=True)
        preflight.pull(images(self.config), self.ignore)

    def certs(self):
        files.certs(self.config)

    def kubeconfig(self):
        files.kubeconfigs(self.config)

    def kubelet_start(self):
        if not conf.rooted():
            host.stop_kubelet()
        files.kubelet_files(self.config, self.config.node,
                            wire.dump_yaml(files.kubelet_document(self.config)), False)
        print("[kubelet-start] Starting the kubelet", flush=True)
        host.start_kubelet()

    def control_plane(self):
        files.static_pods(self.config)

    def etcd(self):
        files.etcd(self.config)

    def wait_control_plane(self):
        limit = min(conf.seconds("init_wait_seconds"), self.config.timeout)
        text = f"{int(limit // 60)}m{int(limit % 60)}s"
        print("[wait-control-plane] Waiting for the kubelet to boot up the control plane as "
              f'static Pods from directory "{conf.MANIFESTS_DIR}". This can take up to {text}',
              flush=True)
        start = time.monotonic()
        until = start + limit
        failing = conf.count_down("init_fail_times")
        warned = False
        while not failing and time.monotonic() < until:
            try:
                if not conf.flag("init_hang") and self.client.get("/readyz", timeout=5) == "ok":
                    break
            except (wire.ApiError, wire.ConnectError):
                pass
            if not warned and time.monotonic() - start > 40:
                print("[kubelet-check] Initial timeout of 40s passed.", flush=True)
                warned = True
            time.sleep(0.1)
        else:
            print(WAIT_FAILED, flush=True)
            raise PhaseFailure("wait-control-plane", "couldn't initialize a Kubernetes cluster")
        time.sleep(conf.seconds("init_seconds"))
        print("[apiclient] All control plane components are healthy after "
              f"{time.monotonic() - start:.6f} seconds", flush=True)

    def upload_config(self):
        cluster.upload_config(self.client, self.config)
        self._node()
        cluster.annotate_cri(self.client, self.config.node)

    def _node(self):
        """Wait for the kubelet to have registered its Node."""
        path = "/api/v1/nodes/" + self.config.node["name"]
        until = time.monotonic() + 60
        while True:
            try:
                return self.client.get(path)
            except wire.ApiError as error:
                if error.code != 404 or time.monotonic() > until:
                    raise
            time.sleep(0.1)

    def upload_certs(self):
        if not self.upload:
            print("[upload-certs] Skipping phase. Please see --upload-certs", flush=True)
            return
        self.key = self.key or kubeadm_certs.new_key()
        kubeadm_certs.upload(self.client, self.config.pki, self.key, self.quiet_key)

    def mark_control_plane(self):
        self._node()
        cluster.mark_control_plane(self.client, self.config.node)

    def bootstrap_token(self):
        tokens = self.config.tokens
        if tokens is None:
            tokens = [{"token": cluster.random_token(),
                       "description": "The default bootstrap token generated by 'kubeadm init'."}]
        self.token = tokens[0]["token"] if tokens and not self.quiet else None
        if self.token:
            print("[bootstrap-token] Using token" + (
                f": {self.token}" if len(tokens) == 1 else
                "s: [" + " ".join(t["token"] for t in tokens) + "]"))
        print("[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC "
              "Roles", flush=True)
        for entry in tokens:
            self.client.create_or_update(
                "/api/v1/namespaces/kube-system/secrets", cluster.token_secret(
                    entry["token"], parse_duration(entry.get("ttl") or "24h0m0s"),
                    entry.get("groups") or (cluster.GROUP,),
                    entry.get("usages") or ("signing", "authentication"),
                    entry.get("description", "")))
        cluster.bootstrap_rules(self.client)
        cluster.cluster_info(self.client, self.config)

    def kubelet_finalize(self):
        path = conf.KUBERNETES_DIR + "/kubelet.conf"
        current = conf.KUBELET_DIR + "/pki/kubelet-client-current.pem"
        print(f'[kubelet-finalize] Updating "{path}" to point to a rotatable kubelet client '
              "certificate and key", flush=True)
        if conf.exists(current):
            ca = conf.read_file(conf.root(self.config.pki + "/ca.crt"), True)
            conf.write_file(conf.root(path), wire.kubeconfig_text(
                self.config.server, ca, "system:node:" + self.config.node["name"],
                self.config.name, cert_path=current))

    def addon(self):
        cluster.addons(self.client, self.config)

    def show_join(self):
        import pki
        ca = pki.load_cert(conf.read_file(conf.root(self.config.pki + "/ca.crt"), True))
        print(DONE.format(endpoint=self.config.server.removeprefix("https://"),
                          token=self.token or "<value withheld>", hash=pki.spki_hash(ca)))


PHASES = ("preflight", "certs", "kubeconfig", "kubelet-start", "control-plane", "etcd",
          "wait-control-plane", "upload-config", "upload-certs", "mark-control-plane",
          "bootstrap-token", "kubelet-finalize", "addon", "show-join-command")


def _run_phase(init, phase):
    method = {"show-join-command": "show_join"}.get(phase, phase.replace("-", "_"))
    try:
        getattr(init, method)()
    except (wire.ApiError, wire.ConnectError, OSError, PreflightErrors) as error:
        raise PhaseFailure(phase, error) from error


def run(init, skip=()):
    print(f"[init] Using Kubernetes version: {init.config.version}")
    for phase in PHASES:
        if phase not in skip and phase not in init.config.skip:
            _run_phase(init, phase)


def run_phase(init, phase):
    _run_phase(init, phase)
