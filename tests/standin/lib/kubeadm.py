"""The command line of the stand-in kubeadm."""
import argparse
import json
import os
import sys
import time

import conf
import host
import wire
from kubeadm_config import InitConfig, join_of_flags, load_init, load_join, parse_duration
from kubeadm_error import TAIL, Failure, PreflightErrors

BUILD = {"major": "1", "minor": "22", "gitVersion": conf.VERSION,
         "gitCommit": "b695d79d4f967c403a96986f1750a35eb75e75f1", "gitTreeState": "clean",
         "buildDate": "2021-11-17T15:41:42Z", "goVersion": "go1.16.10", "compiler": "gc",
         "platform": "linux/amd64"}


class Parser(argparse.ArgumentParser):
    """Errors as cobra says them, exit code 1."""

    def __init__(self, *args, **kw):
        kw.setdefault("allow_abbrev", False)
        super().__init__(*args, **kw)

    def error(self, message):
        if "unrecognized arguments" in message:
            message = "unknown flag: " + message.split(": ", 1)[1]
        print(f"{message}\n{TAIL}", file=sys.stderr)
        sys.exit(1)


def _split(values):
    return [word for value in values or [] for word in value.split(",") if word]


def version(args):
    if args.output == "short":
        print(conf.VERSION)
    elif args.output == "json":
        print(json.dumps({"clientVersion": BUILD}, indent=2))
    elif args.output == "yaml":
        print(wire.dump_yaml({"clientVersion": BUILD}), end="")
    elif args.output:
        raise Failure(f"invalid output format: {args.output}")
    else:
        inner = ", ".join(f'{k[0].upper()}{k[1:]}:"{v}"' for k, v in BUILD.items())
        print(f"kubeadm version: &version.Info{{{inner}}}")


def config_images(args):
    import kubeadm_init
    config = load_init(args.config)
    names = kubeadm_init.images(config)
    if args.action == "list":
        print("\n".join(names))
        return
    broken = conf.option("pull_fail")
    for name in names:
        time.sleep(conf.seconds("image_pull_seconds"))
        if broken and broken in name:
            raise Failure(
                f'failed to pull image "{name}": output: rpc error: code = Unknown desc = failed '
                f'to pull and unpack image "{name}": failed to resolve reference "{name}": failed '
                "to do request: dial tcp: lookup k8s.gcr.io: no such host\n, error: exit status 1")
        host.keep_pulled(name)
        print(f"[config/images] Pulled {name}", flush=True)


INIT_DEFAULTS = {
    "apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "InitConfiguration",
    "bootstrapTokens": [{"groups": ["system:bootstrappers:kubeadm:default-node-token"],
                         "token": "abcdef.0123456789abcdef", "ttl": "24h0m0s",
                         "usages": ["signing", "authentication"]}],
    "localAPIEndpoint": {"advertiseAddress": "1.2.3.4", "bindPort": 6443},
    "nodeRegistration": {"criSocket": "/var/run/dockershim.sock", "name": "node",
                         "imagePullPolicy": "IfNotPresent", "taints": None}}
CLUSTER_DEFAULTS = {
    "apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "ClusterConfiguration",
    "apiServer": {"timeoutForControlPlane": "4m0s"}, "certificatesDir": conf.PKI_DIR,
    "clusterName": "kubernetes", "controllerManager": {}, "dns": {},
    "etcd": {"local": {"dataDir": "/var/lib/etcd"}}, "imageRepository": "k8s.gcr.io",
    "kubernetesVersion": "1.22.0", "scheduler": {},
    "networking": {"dnsDomain": "cluster.local", "serviceSubnet": "10.96.0.0/12"}}
JOIN_DEFAULTS = {
    "apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "JoinConfiguration",
    "caCertPath": conf.PKI_DIR + "/ca.crt",
    "discovery": {"bootstrapToken": {"apiServerEndpoint": "kube-apiserver:6443",
                                     "token": "abcdef.0123456789abcdef",
                                     "unsafeSkipCAVerification": True},
                  "timeout": "5m0s", "tlsBootstrapToken": "abcdef.0123456789abcdef"},
    "nodeRegistration": {"criSocket": "/var/run/dockershim.sock", "name": "node",
                         "imagePullPolicy": "IfNotPresent", "taints": None}}


def config_print(args):
    docs = [JOIN_DEFAULTS] if args.what == "join-defaults" else [INIT_DEFAULTS, CLUSTER_DEFAULTS]
    print("---\n".join(wire.dump_yaml(doc) for doc in docs), end="")


def _init_of(args):
    import kubeadm_init
    config = load_init(args.config)
    if args.config is None:
        config = _flags_over(config, args)
    return kubeadm_init.Init(config, _split(getattr(args, "ignore_preflight_errors", None)),
                             getattr(args, "upload_certs", False),
                             getattr(args, "certificate_key", None),
                             getattr(args, "skip_token_print", False),
                             getattr(args, "skip_certificate_key_print", False))


def _flags_over(config, args):
    """init without a file: the few flags that people use."""
    cluster, init = {"networking": {}}, {"nodeRegistration": {}, "localAPIEndpoint": {}}
    if getattr(args, "pod_network_cidr", None):
        cluster["networking"]["podSubnet"] = args.pod_network_cidr
    if getattr(args, "kubernetes_version", None):
        cluster["kubernetesVersion"] = args.kubernetes_version
    if getattr(args, "control_plane_endpoint", None):
        cluster["controlPlaneEndpoint"] = args.control_plane_endpoint
    if getattr(args, "apiserver_advertise_address", None):
        init["localAPIEndpoint"]["advertiseAddress"] = args.apiserver_advertise_address
    if getattr(args, "node_name", None):
        init["nodeRegistration"]["name"] = args.node_name
    if getattr(args, "cri_socket", None):
        init["nodeRegistration"]["criSocket"] = args.cri_socket
    del config
    return InitConfig({"InitConfiguration": init, "ClusterConfiguration": cluster}).validate()


def init(args):
    import kubeadm_init
    run = _init_of(args)
    if args.phase:
        if args.phase not in kubeadm_init.PHASES:
            raise Failure(f'invalid argument "{args.phase}" for "kubeadm init phase"')
        kubeadm_init.run_phase(run, args.phase)
        return
    kubeadm_init.run(run, _split(args.skip_phases))


def join(args):
    import kubeadm_join
    config = load_join(args.config) if args.config else join_of_flags(
        args.endpoint, args.token, args.discovery_token_ca_cert_hash)
    kubeadm_join.run(kubeadm_join.Join(config, _split(args.ignore_preflight_errors)),
                     _split(args.skip_phases))


def reset(args):
    import kubeadm_reset
    kubeadm_reset.run(args.force)


def _admin(args):
    path = args.kubeconfig or conf.root(conf.KUBERNETES_DIR + "/admin.conf")
    try:
        return wire.Client.load(path)
    except OSError as error:
        raise Failure(f'failed to load admin kubeconfig: open {path}: '
                      f"{error.strerror.lower()}") from error


def token(args):
    import kubeadm_token
    try:
        kubeadm_token.run(args, _admin(args) if args.action != "generate" else None)
    except (wire.ApiError, wire.ConnectError) as error:
        raise Failure(str(error)) from error


def kubeconfig_user(args):
    import kubeadm_files
    if not args.client_name:
        raise Failure('required flag(s) "client-name" not set')
    config = load_init(args.config)
    try:
        text = kubeadm_files.client_kubeconfig(config, args.client_name, args.org or [])
    except OSError as error:
        raise Failure(f"failed to load certificate authority: open {config.pki}/ca.key: "
                      f"{error.strerror.lower()}") from error
    print(text, end="")


def certs(args):
    import kubeadm_expiration
    if args.action == "certificate-key":
        import kubeadm_certs
        print(kubeadm_certs.new_key())
    elif args.action == "check-expiration":
        kubeadm_expiration.check(load_init(args.config))
    else:
        kubeadm_expiration.renew(load_init(args.config))


def _parser():
    top = Parser(prog="kubeadm")
    top.add_argument("-v", "--v", default="0")
    commands = top.add_subparsers(dest="command", parser_class=Parser)

    def command(name, run, parent=commands):
        made = parent.add_parser(name)
        made.add_argument("-v", "--v", default="0")
        made.set_defaults(run=run)
        return made

    command("version", version).add_argument("-o", "--output", default="")
    config = command("config", None).add_subparsers(dest="sub", required=True,
                                                    parser_class=Parser)
    images = command("images", config_images, config)
    images.add_argument("action", choices=["list", "pull"])
    for flag in ("--config", "--kubeconfig", "--kubernetes-version", "--cri-socket",
                 "--image-repository"):
        images.add_argument(flag)
    printing = command("print", config_print, config)
    printing.add_argument("what", nargs="?", default="init-defaults",
                          choices=["init-defaults", "join-defaults"])
    initial = command("init", init)
    initial.add_argument("phase_words", nargs="*")
    initial.add_argument("--upload-certs", action="store_true")
    initial.add_argument("--dry-run", action="store_true")
    initial.add_argument("--skip-token-print", action="store_true")
    initial.add_argument("--skip-certificate-key-print", action="store_true")
    for flag in ("--config", "--certificate-key", "--pod-network-cidr", "--kubernetes-version",
                 "--control-plane-endpoint", "--apiserver-advertise-address", "--node-name",
                 "--cri-socket"):
        initial.add_argument(flag)
    joining = command("join", join)
    joining.add_argument("endpoint", nargs="?")
    joining.add_argument("--config")
    joining.add_argument("--token")
    joining.add_argument("--discovery-token-ca-cert-hash", action="append")
    for made in (initial, joining):
        made.add_argument("--ignore-preflight-errors", action="append")
        made.add_argument("--skip-phases", action="append")
    clearing = command("reset", reset)
    clearing.add_argument("-f", "--force", action="store_true")
    clearing.add_argument("--cri-socket")
    clearing.add_argument("--cert-dir")
    clearing.add_argument("--kubeconfig")
    clearing.add_argument("--ignore-preflight-errors", action="append")
    tokens = command("token", token)
    tokens.add_argument("action", choices=["create", "list", "delete", "generate"])
    tokens.add_argument("names", nargs="*")
    tokens.add_argument("--ttl", default="24h0m0s", type=parse_duration)
    tokens.add_argument("--groups", action="append")
    tokens.add_argument("--usages", action="append")
    tokens.add_argument("--description", default="")
    tokens.add_argument("--print-join-command", action="store_true")
    tokens.add_argument("-o", "--output", default="text")
    for flag in ("--kubeconfig", "--config", "--certificate-key"):
        tokens.add_argument(flag)
    kubeconfig = command("kubeconfig", kubeconfig_user)
    kubeconfig.add_argument("sub", choices=["user"])
    kubeconfig.add_argument("--client-name")
    kubeconfig.add_argument("--org", action="append")
    kubeconfig.add_argument("--config")
    kubeconfig.add_argument("--token")
    certificates = command("certs", certs)
    certificates.add_argument("action", choices=["check-expiration", "renew", "certificate-key"])
    certificates.add_argument("what", nargs="?", default="all")
    certificates.add_argument("--config")
    return top


def main(argv):
    args = _parser().parse_args(argv)
    if not args.command:
        _parser().print_help()
        return 0
    if args.command == "init":
        words = args.phase_words
        args.phase = words[1] if len(words) == 2 and words[0] == "phase" else None
        if words and not args.phase:
            print(f'unknown command "{words[0]}" for "kubeadm init"\n{TAIL}', file=sys.stderr)
            return 1
    try:
        args.run(args)
        return 0
    except Failure as error:
        print(f"{error}\n{TAIL}", file=sys.stderr)
        return error.code
    except PreflightErrors as error:
        print(f"{error}\n{TAIL}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os._exit(1)
