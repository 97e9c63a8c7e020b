"""Reads kubeadm's --config files: v1beta3 (and v1beta2, read the same way) documents."""
import ipaddress
import re

import conf
import host
import klog
import wire
from kubeadm_error import Failure
from kubeadm_schema import SHAPES, type_error, unknown_field

GROUPS = {"kubeadm.k8s.io": ("v1beta2", "v1beta3"), "kubelet.config.k8s.io": ("v1beta1",),
          "kubeproxy.config.k8s.io": ("v1alpha1",)}
OLD = ("v1alpha1", "v1alpha2", "v1alpha3", "v1beta1")
TOKEN = re.compile(r"^[a-z0-9]{6}\.[a-z0-9]{16}$")


def parse_duration(text):
    """Go's duration syntax, in seconds."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)", str(text))
    if str(text) == "0":
        return 0.0
    if not parts or "".join(n + u for n, u in parts) != str(text):
        raise Failure(f'time: invalid duration "{text}"')
    return sum(float(number) * units[unit] for number, unit in parts)


def _gvk(group, version, kind):
    return (f'schema.GroupVersionKind{{Group:"{group}", Version:"{version}", '
            f'Kind:"{kind}"}}')


def read(path, wanted):
    """{kind: document} of the file; refuses what the real kubeadm refuses."""
    try:
        text = conf.read_file(path)
    except OSError as error:
        raise Failure(f'unable to read config from "{path}" : open {path}: '
                      f"{error.strerror.lower()}") from error
    try:
        documents = wire.load_documents(text)
    except Exception as error:  # any YAML error
        raise Failure(f"error converting YAML to JSON: yaml: {error}") from error
    found = {}
    for doc in documents:
        if not isinstance(doc, dict) or not doc.get("kind") or not doc.get("apiVersion"):
            raise Failure("invalid configuration for GroupVersionKind "
                          f"{_gvk('', '', '')}: kind and apiVersion is mandatory information "
                          "that must be specified")
        group, _, version = doc["apiVersion"].rpartition("/")
        kind = doc["kind"]
        if group == "kubeadm.k8s.io" and version in OLD:
            raise Failure(f'your configuration file uses an old API spec: "{group}/{version}". '
                          "Please use kubeadm v1.15 instead and run 'kubeadm config migrate "
                          "--old-config old.yaml --new-config new.yaml', which will write the "
                          "new, similar spec using a newer API version.")
        if kind in found:
            raise Failure(f"invalid configuration: kind \"{kind}\" is specified twice in YAML "
                          "file")
        if version not in GROUPS.get(group, ()) or kind not in SHAPES:
            klog.warning("strict.go:47", f"unknown configuration {_gvk(group, version, kind)} for "
                         'scheme definitions in "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/'
                         'scheme/scheme.go:31" and "k8s.io/kubernetes/cmd/kubeadm/app/'
                         'componentconfigs/scheme.go:28"')
            if group == "kubeadm.k8s.io":
                raise Failure(f'no kind "{kind}" is registered for version "{group}/{version}" in '
                              'scheme "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/scheme/'
                              'scheme.go:31"')
            print("[config] WARNING: Ignored YAML document with GroupVersionKind "
                  f"{group}/{version}, Kind={kind}")
            continue
        _decode(doc, group, version, kind)
        found[kind] = doc
    if not any(kind in found for kind in wanted):
        if "JoinConfiguration" in wanted:
            raise Failure(f'no JoinConfiguration found in config file "{path}"')
        raise Failure("no InitConfiguration or ClusterConfiguration kind was found in the YAML "
                      "file")
    return found


def _decode(doc, group, version, kind):
    unknown = unknown_field(doc, kind)
    if unknown:
        text = (f"error unmarshaling configuration {_gvk(group, version, kind)}: error "
                f'unmarshaling JSON: while decoding JSON: json: unknown field "{unknown}"')
        # 1.22 itself only warns (strict.go: "the returned error is currently ignored").
        klog.warning("strict.go:55", text)
        if conf.flag("strict_config"):
            raise Failure(text)
    wrong = type_error(doc, kind)
    if wrong:
        raise Failure(f"error unmarshaling configuration {_gvk(group, version, kind)}: error "
                      f"unmarshaling JSON: while decoding JSON: {wrong}")


def _invalid(problems):
    """A validation error (an Aggregate): exit code 3."""
    if problems:
        text = ", ".join(problems)
        raise Failure(f"[{text}]" if len(problems) > 1 else text, 3)


def node_registration(doc, taint):
    node = dict(doc.get("nodeRegistration") or {})
    extra = node.get("kubeletExtraArgs") or {}
    node["name"] = (node.get("name") or extra.get("hostname-override") or host.hostname()).lower()
    node["hostname"] = host.hostname()
    node["criSocket"] = node.get("criSocket") or "unix:///run/containerd/containerd.sock"
    if node.get("taints") is None:
        node["taints"] = [{"key": "node-role.kubernetes.io/master",
                           "effect": "NoSchedule"}] if taint else []
    node["kubeletExtraArgs"] = extra
    return node


class InitConfig:
    """What `kubeadm init` works with, defaults filled in."""

    def __init__(self, documents):
        init = documents.get("InitConfiguration") or {}
        cluster = documents.get("ClusterConfiguration") or {}
        self.documents = documents
        self.node = node_registration(init, True)
        endpoint = init.get("localAPIEndpoint") or {}
        self.address = endpoint.get("advertiseAddress") or host.default_address() or "0.0.0.0"
        self.port = endpoint.get("bindPort") or 6443
        self.tokens = init.get("bootstrapTokens")
        self.certificate_key = init.get("certificateKey")
        self.skip = list(init.get("skipPhases") or [])
        self.set_cluster(cluster)
        self.kubelet = documents.get("KubeletConfiguration") or {}
        self.proxy = documents.get("KubeProxyConfiguration") or {}
        self.ignore = list(self.node.get("ignorePreflightErrors") or [])

    def set_cluster(self, cluster):
        self.cluster = cluster
        self.version = cluster.get("kubernetesVersion") or conf.VERSION
        if not self.version.startswith("v") and re.match(r"^\d", self.version):
            self.version = "v" + self.version
        network = cluster.get("networking") or {}
        self.pod_subnet = network.get("podSubnet", "")
        self.service_subnet = network.get("serviceSubnet") or "10.96.0.0/12"
        self.domain = network.get("dnsDomain") or "cluster.local"
        self.pki = (cluster.get("certificatesDir") or conf.PKI_DIR).rstrip("/")
        self.repository = cluster.get("imageRepository") or "k8s.gcr.io"
        self.name = cluster.get("clusterName") or "kubernetes"
        self.endpoint = cluster.get("controlPlaneEndpoint", "")
        local = (cluster.get("etcd") or {}).get("local") or {}
        self.etcd_dir = local.get("dataDir") or "/var/lib/etcd"
        server = cluster.get("apiServer") or {}
        self.sans = list(server.get("certSANs") or [])
        self.timeout = parse_duration(server.get("timeoutForControlPlane") or "4m0s")

    @property
    def server(self):
        """The URL that goes into kubeconfigs."""
        if self.endpoint:
            head, sep, tail = self.endpoint.rpartition(":")
            if sep and tail.isdigit() and not self.endpoint.endswith("]"):
                return f"https://{head}:{tail}"
            return f"https://{self.endpoint}:{self.port}"
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{address}:{self.port}"

    def service_address(self, nth):
        network = ipaddress.ip_network(self.service_subnet.split(",")[0], strict=False)
        return str(network[nth])

    def validate(self):
        problems = []
        if not re.match(r"^v\d+\.\d+\.\d+", self.version):
            raise Failure(f"couldn't parse Kubernetes version \"{self.version}\"")
        if tuple(map(int, re.findall(r"\d+", self.version)[:2])) < (1, 21):
            raise Failure("this version of kubeadm only supports deploying clusters with the "
                          "control plane version >= 1.21.0. Current version: " + self.version)
        for field, value in (("networking.podSubnet", self.pod_subnet),
                             ("networking.serviceSubnet", self.service_subnet)):
            for part in filter(None, value.split(",")):
                try:
                    ipaddress.ip_network(part, strict=False)
                except ValueError:
                    problems.append(f'{field}: Invalid value: "{value}": couldn\'t parse subnet')
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            problems.append(f'localAPIEndpoint: Invalid value: "{self.address}": ip address is '
                            "not valid")
        if not re.match(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", self.node["name"]):
            problems.append(f'nodeRegistration.name: Invalid value: "{self.node["name"]}": a '
                            "lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                            "characters, '-' or '.'")
        if not self.node["criSocket"].startswith(("/", "unix://", "npipe:", "tcp:")):
            problems.append(f'nodeRegistration.criSocket: Invalid value: '
                            f'"{self.node["criSocket"]}": path is not absolute')
        for token in self.tokens or []:
            if not TOKEN.match(token.get("token", "")):
                raise Failure(f'the bootstrap token "{token.get("token")}" was not of the form '
                              '"\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"')
        _invalid(problems)
        return self


def load_init(path):
    documents = read(path, ("InitConfiguration", "ClusterConfiguration")) if path else {
        "ClusterConfiguration": {}}
    return InitConfig(documents).validate()


class JoinConfig:
    """What `kubeadm join` works with."""

    def __init__(self, doc):
        self.doc = doc
        self.control_plane = doc.get("controlPlane")
        self.node = node_registration(doc, self.control_plane is not None)
        self.ca_path = doc.get("caCertPath") or conf.PKI_DIR + "/ca.crt"
        discovery = doc.get("discovery") or {}
        self.file = discovery.get("file")
        self.token = discovery.get("bootstrapToken")
        self.timeout = parse_duration(discovery.get("timeout") or "5m0s")
        self.tls_token = discovery.get("tlsBootstrapToken") or (
            (self.token or {}).get("token", ""))
        self.skip = list(doc.get("skipPhases") or [])
        self.ignore = list(self.node.get("ignorePreflightErrors") or [])

    def validate(self):
        problems = []
        if not self.file and not self.token:
            problems.append('discovery: Invalid value: "": bootstrapToken or file must be set')
        if self.file and self.token:
            problems.append('discovery: Invalid value: "": bootstrapToken and file cannot both be '
                            "set")
        if self.token is not None:
            text = self.token.get("token", "")
            if not TOKEN.match(text):
                problems.append('discovery.bootstrapToken.token: Invalid value: "": the bootstrap '
                                "token is invalid")
            if not self.token.get("caCertHashes") and not self.token.get(
                    "unsafeSkipCAVerification"):
                problems.append(
                    'discovery.bootstrapToken.caCertHashes: Invalid value: "": using token-based '
                    "discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification "
                    "as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-"
                    "verification flag to continue")
            if not self.token.get("apiServerEndpoint"):
                problems.append('discovery.bootstrapToken: Invalid value: "": APIServerEndpoint '
                                "is not set")
        if self.file is not None:
            path = self.file.get("kubeConfigPath", "")
            if not conf.exists(path):
                problems.append(f'discovery.file.kubeConfigPath: Invalid value: "{path}": not a '
                                "valid HTTPS URL or a file on disk")
        if self.tls_token and not TOKEN.match(self.tls_token):
            problems.append('discovery.tlsBootstrapToken: Invalid value: "": the bootstrap token '
                            "is invalid")
        if not self.ca_path.startswith("/"):
            problems.append(f'caCertPath: Invalid value: "{self.ca_path}": the ca certificate '
                            "path must be an absolute path")
        _invalid(problems)
        return self


def load_join(path):
    return JoinConfig(read(path, ("JoinConfiguration",))["JoinConfiguration"]).validate()


def join_of_flags(endpoint, token, hashes):
    """`kubeadm join ENDPOINT --token ... --discovery-token-ca-cert-hash ...`."""
    found = {} if token is None else {"bootstrapToken": {
        "apiServerEndpoint": endpoint or "", "token": token, "caCertHashes": hashes or []}}
    return JoinConfig({"apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "JoinConfiguration",
                       "discovery": found}).validate()
