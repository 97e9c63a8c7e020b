"""`kubeadm join`: discovery, TLS bootstrap, and for a control plane its own pods."""
import hmac
import time

import conf
import host
import kubeadm_certs
import kubeadm_cluster as cluster
import kubeadm_etcd
import kubeadm_files as files
import kubeadm_preflight as preflight
import wire
from api_controllers import jws
from kubeadm_config import InitConfig
from kubeadm_error import Failure, PhaseFailure, PreflightErrors

INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
USER = "tls-bootstrap-token-user"
LATE = """
\tUnfortunately, an error has occurred:
\t\ttimed out waiting for the condition

\tThis error is likely caused by:
\t\t- The kubelet is not running
\t\t- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)

\tIf you are on a systemd-powered system, you can try to troubleshoot the error with the following commands:
\t\t- 'systemctl status kubelet'
\t\t- 'journalctl -xeu kubelet'
"""
LATE_ETCD = ("error creating local etcd static pod manifest file: timeout waiting for etcd "
             "cluster to be available")
DONE = """
This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' on the control-plane to see this node join the cluster.
"""
DONE_CONTROL_PLANE = """
This node has joined the cluster and a new control plane instance was created:

* Certificate signing request was sent to apiserver and approval was received.
* The Kubelet was informed of the new secure connection details.
* Control plane (master) label and taint were applied to the new node.
* The Kubernetes control plane instances scaled up.
* A new etcd member was added to the local/stacked etcd cluster.

To start administering your cluster from this node, you need to run the following as a regular user:

\tmkdir -p $HOME/.kube
\tsudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config
\tsudo chown $(id -u):$(id -g) $HOME/.kube/config

Run 'kubectl get nodes' to see this node join the cluster.
"""


class Undiscovered(Exception):
    pass


def _minutes(seconds):
    return f"{int(seconds // 60)}m{int(seconds % 60)}s" if seconds >= 60 else f"{seconds:g}s"


class Join:
    def __init__(self, config, ignore=()):
        self.config = config
        self.ignore = list(ignore) + config.ignore
        self.kubeconfig = None  # for the TLS bootstrap
        self.cluster = None  # InitConfig of the cluster, read from it

    # -- discovery

    def _by_file(self):
        try:
            found = wire.Kubeconfig.load(conf.root(self.config.file["kubeConfigPath"]))
        except (OSError, wire.ConfigError, ValueError) as error:
            raise Undiscovered(error) from error
        if not found.server:
            raise Undiscovered("the provided kubeconfig file must have a unnamed Cluster or a "
                               "CurrentContext that specifies a non-nil Cluster")
        client = wire.Client(found)
        until = time.monotonic() + self.config.timeout
        while True:
            try:
                info = client.get(INFO)
                break
            except wire.ApiError as error:
                if error.code == 403:
                    info = None
                    break
            except wire.ConnectError:
                pass
            if time.monotonic() > until:
                raise Undiscovered("Abort reading the cluster-info ConfigMap after timeout of "
                                   f"{_minutes(self.config.timeout)}")
            time.sleep(conf.seconds("discovery_retry_seconds"))
        server, ca = found.server, found.ca
        if info and "kubeconfig" in (info.get("data") or {}):
            fresh = wire.Kubeconfig(info["data"]["kubeconfig"])
            server, ca = fresh.server, fresh.ca
        if self.config.tls_token:
            return server, ca, None
        if not found.has_credentials():
            raise Undiscovered(
                "couldn't find authentication credentials for the TLS boostrap process. Please "
                "use Token discovery, a discovery file with embedded authentication credentials "
                "or a discovery file without authentication credentials but with the "
                "TLSBootstrapToken flag")
        return server, ca, found

    def _info(self, config, ident):
        """The cluster-info ConfigMap, once it is signed for this token."""
        client = wire.Client(config)
        until = time.monotonic() + self.config.timeout
        while True:
            try:
                info = client.get(INFO)
                if "jws-kubeconfig-" + ident in (info.get("data") or {}):
                    return info["data"]
                problem = ("could not find a JWS signature in the cluster-info ConfigMap for "
                           f'token ID "{ident}"')
            except (wire.ApiError, wire.ConnectError) as error:
                problem = error
            if time.monotonic() > until:
                raise Undiscovered(problem)
            time.sleep(conf.seconds("discovery_retry_seconds"))

    def _by_token(self):
        import pki
        spec = self.config.token
        ident, secret = spec["token"].split(".")
        pins = [pin.lower() for pin in spec.get("caCertHashes") or []]
        for pin in pins:
            if not pin.startswith("sha256:"):
                raise Undiscovered("invalid discovery token CA certificate hash: invalid public "
                                   f'key pin: "{pin}", expected "format:value"')
        server = "https://" + spec["apiServerEndpoint"]
        config = wire.Kubeconfig(wire.dump_yaml({"clusters": [{"name": "", "cluster": {
            "server": server, "insecure-skip-tls-verify": True}}]}))
        data = self._info(config, ident)
        if not hmac.compare_digest(jws(data["kubeconfig"], ident, secret),
                                   data["jws-kubeconfig-" + ident]):
            raise Undiscovered("failed to verify JWS signature of received cluster info object, "
                               "can't trust this API Server")
        found = wire.Kubeconfig(data["kubeconfig"])
        if not pins:
            return found.server, found.ca, None
        hashes = [pki.spki_hash(cert) for cert in pki.load_certs(found.ca)]
        if not set(hashes) & set(pins):
            raise Undiscovered("cluster CA found in cluster-info ConfigMap is invalid: none of "
                               'the public keys "' + ":".join(hashes) + '" are pinned')
        secure = wire.Kubeconfig(wire.kubeconfig_text(server, found.ca, ""))
        self._info(secure, ident)
        return found.server, found.ca, None

    def discover(self):
        try:
            server, ca, own = self._by_file() if self.config.file else self._by_token()
        except Undiscovered as error:
            raise Undiscovered(f"couldn't validate the identity of the API Server: "
                               f"{error}") from error
        if own is not None:
            self.kubeconfig = wire.dump_yaml(own.doc)
            return
        self.kubeconfig = wire.kubeconfig_text(server, ca, USER, token=self.config.tls_token)

    # -- what the cluster says of itself

    def _configmap(self, client, name):
        for turn in range(int(conf.option("config_retries"))):
            try:
                return client.get(f"{cluster.CONFIGMAPS}/{name}")["data"]
            except (wire.ApiError, wire.ConnectError) as error:
                problem = error
            time.sleep(0.1 * turn)
        raise problem

    def read_cluster(self):
        print("[preflight] Reading configuration from the cluster...\n[preflight] FYI: You can "
              "look at this config file with 'kubectl -n kube-system get cm kubeadm-config -o "
              "yaml'", flush=True)
        client = wire.Client(wire.Kubeconfig(self.kubeconfig))
        try:
            data = self._configmap(client, "kubeadm-config")
        except (wire.ApiError, wire.ConnectError) as error:
            raise Undiscovered("unable to fetch the kubeadm-config ConfigMap: failed to get "
                               f"config map: {error}") from error
        try:
            kubelet = self._configmap(client, "kubelet-config-" + conf.MINOR)["kubelet"]
        except (wire.ApiError, wire.ConnectError) as error:
            raise Undiscovered("unable to fetch the kubeadm-config ConfigMap: failed to get "
                               f"component configs: {error}") from error
        self.cluster = InitConfig({
            "ClusterConfiguration": wire.load_yaml(data["ClusterConfiguration"]),
            "KubeletConfiguration": wire.load_yaml(kubelet)})
        self.cluster.node = self.config.node
        endpoint = (self.config.control_plane or {}).get("localAPIEndpoint") or {}
        self.cluster.address = endpoint.get("advertiseAddress") or host.default_address()
        self.cluster.port = endpoint.get("bindPort") or 6443

    # -- phases

    def preflight(self):
        print("[preflight] Running pre-flight checks", flush=True)
        preflight.join(self.config, self.ignore)
        self.discover()
        self.read_cluster()
        if self.config.control_plane is None:
            return
        if not self.cluster.endpoint:
            raise Undiscovered(
                "\nOne or more conditions for hosting a new control plane instance is not "
                "satisfied.\n\nunable to add a new control plane instance a cluster that doesn't "
                "have a stable controlPlaneEndpoint address\n\nPlease ensure that:\n* The cluster "
                "has a stable controlPlaneEndpoint address.\n* The certificates that must be "
                "shared among control plane instances are provided.\n\n")
        print("[preflight] Running pre-flight checks before initializing the new control plane "
              "instance", flush=True)
        preflight.second_control_plane(self.cluster, self.ignore)

    def control_plane_prepare(self):
        if self.config.control_plane is None:
            return
        key = self.config.control_plane.get("certificateKey")
        if key:
            client = wire.Client(wire.Kubeconfig(self.kubeconfig))
            kubeadm_certs.download(client, self.cluster.pki, key)
        files.certs(self.cluster)
        files.kubeconfigs(self.cluster, ("admin.conf", "controller-manager.conf",
                                         "scheduler.conf"))
        files.static_pods(self.cluster)

    def check_etcd(self):
        if self.config.control_plane is not None:
            print("[check-etcd] Checking that the etcd cluster is healthy", flush=True)
            client = wire.Client.load(conf.root(conf.KUBERNETES_DIR + "/admin.conf"))
            try:
                kubeadm_etcd.Cluster(client, self.cluster.pki).check()
            except kubeadm_etcd.Unhealthy as error:
                raise Undiscovered(f"etcd cluster is not healthy: {error}") from error

    def kubelet_start(self):
        path = conf.KUBERNETES_DIR + "/bootstrap-kubelet.conf"
        bootstrap = wire.Kubeconfig(self.kubeconfig)
        conf.write_file(conf.root(path), self.kubeconfig)
        try:
            if not conf.exists(self.config.ca_path):
                conf.write_file(conf.root(self.config.ca_path), bootstrap.ca, 0o644)
            self._refuse_same_name(wire.Client(bootstrap))
            if not conf.rooted():
                host.stop_kubelet()
            files.kubelet_files(self.cluster, self.config.node,
                                wire.dump_yaml(files.kubelet_document(self.cluster)),
                                self.config.control_plane is None, True)
            print("[kubelet-start] Starting the kubelet", flush=True)
            host.start_kubelet()
            print("[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap...",
                  flush=True)
            client = self._wait_for_certificate()
        finally:
            # The credentials do not stay on the disk, whatever happened.
            import os
            if conf.exists(path):
                os.unlink(conf.root(path))
        self._annotate(client)

    def _refuse_same_name(self, client):
        name = self.config.node["name"]
        try:
            node = client.get("/api/v1/nodes/" + name)
        except wire.ApiError as error:
            if error.code == 404:
                return
            raise Undiscovered(f'cannot get Node "{name}": {error}') from error
        for condition in (node.get("status") or {}).get("conditions") or []:
            if condition["type"] == "Ready" and condition["status"] == "True":
                raise Undiscovered(
                    f'a Node with name "{name}" and status "Ready" already exists in the cluster. '
                    "You must delete the existing Node or change the name of this new joining "
                    "Node")

    def _wait_for_certificate(self):
        """Until the kubelet has made kubelet.conf; the real limit is five minutes."""
        failing = conf.count_down("join_fail_times")
        until = time.monotonic() + min(300, conf.seconds("init_wait_seconds"))
        while not failing and time.monotonic() < until:
            if not conf.flag("join_hang"):
                try:
                    return wire.Client.load(conf.root(conf.KUBERNETES_DIR + "/kubelet.conf"))
                except (OSError, wire.ConfigError):
                    pass
            time.sleep(0.1)
        print(LATE, flush=True)
        raise Undiscovered("timed out waiting for the condition")

    def _annotate(self, client):
        until = time.monotonic() + 120
        while True:
            try:
                cluster.annotate_cri(client, self.config.node)
                return
            except (wire.ApiError, wire.ConnectError) as error:
                if time.monotonic() > until:
                    raise Undiscovered(f"error uploading crisocket: {error}") from error
            time.sleep(0.1)

    def control_plane_join(self):
        if self.config.control_plane is None:
            return
        client = wire.Client.load(conf.root(conf.KUBERNETES_DIR + "/admin.conf"))
        peer = kubeadm_etcd.peer_url(self.cluster.address)
        try:
            members = kubeadm_etcd.Cluster(client, self.cluster.pki).add(peer)
        except kubeadm_etcd.Unhealthy as error:
            raise PhaseFailure("control-plane-join/etcd",
                               f"error creating local etcd static pod manifest file: {error}") from error
        print("[etcd] Announced new etcd member joining to the existing etcd cluster")
        files.etcd(self.cluster, kubeadm_etcd.initial_cluster(members, self.config.node["name"], peer))
        print("[etcd] Waiting for the new etcd member to join the cluster. This can take up to "
              f"{kubeadm_etcd.WAIT:.0f}s", flush=True)
        if conf.count_down("join_etcd_fail_times") or not kubeadm_etcd.wait_for(self.cluster):
            raise PhaseFailure("control-plane-join/etcd", LATE_ETCD)
        cluster.mark_control_plane(client, self.config.node)


PHASES = ("preflight", "control-plane-prepare", "check-etcd", "kubelet-start",
          "control-plane-join")


def run(join, skip=()):
    skipped = {*skip, *join.config.skip}
    for phase in skipped - set(PHASES):
        raise Failure(f"invalid phase name: {phase}")
    for phase in PHASES:
        if phase in skipped:
            continue
        try:
            if phase != "preflight" and join.cluster is None:  # asked for by whoever needs it first
                join.discover()
                join.read_cluster()
            getattr(join, phase.replace("-", "_"))()
        except (Undiscovered, wire.ApiError, wire.ConnectError, PreflightErrors, OSError,
                kubeadm_etcd.Unhealthy, ValueError) as error:
            raise PhaseFailure(phase, error) from error
    print(DONE if join.config.control_plane is None else DONE_CONTROL_PLANE)
