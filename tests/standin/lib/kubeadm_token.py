"""`kubeadm token ...`"""
import base64
import datetime
import json

import conf
import kubeadm_cluster as cluster
from api_auth import parse_time
from kubeadm_config import TOKEN
from kubeadm_error import Failure

SECRETS = "/api/v1/namespaces/kube-system/secrets"


def _field(secret, name):
    return base64.b64decode((secret.get("data") or {}).get(name, "")).decode()


def _hash():
    import pki
    return pki.spki_hash(pki.load_cert(conf.read_file(conf.root(conf.PKI_DIR + "/ca.crt"), True)))


def _create(args, client):
    token = args.names[0] if args.names else cluster.random_token()
    if not TOKEN.match(token):
        raise Failure(f'the bootstrap token "{token}" was not of the form '
                      '"\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"')
    secret = cluster.token_secret(
        token, args.ttl, [g for v in args.groups or [cluster.GROUP] for g in v.split(",")],
        [u for v in args.usages or ["signing,authentication"] for u in v.split(",")],
        args.description)
    client.create(SECRETS, secret)
    if args.print_join_command:
        server = client.config.server.removeprefix("https://")
        line = (f"kubeadm join {server} --token {token} --discovery-token-ca-cert-hash {_hash()} ")
        if args.certificate_key:
            line += f"--control-plane --certificate-key {args.certificate_key}"
        print(line)
    else:
        print(token)


def _left(expiration):
    when = parse_time(expiration)
    if when is None:
        return "<forever>", "<never>"
    left = int((when - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
    if left < 0:
        return "<invalid>", expiration
    return (f"{left // 3600}h" if left >= 3600 else f"{left // 60}m"), expiration


def _list(args, client):
    secrets = client.get(SECRETS + "?fieldSelector=type%3Dbootstrap.kubernetes.io/token")["items"]
    if args.output == "json":
        for secret in secrets:
            print(json.dumps({
                "kind": "BootstrapToken", "apiVersion": "output.kubeadm.k8s.io/v1alpha1",
                "creationTimestamp": None, "expires": _field(secret, "expiration") or None,
                "token": _field(secret, "token-id") + "." + _field(secret, "token-secret"),
                "usages": _usages(secret),
                "groups": _field(secret, "auth-extra-groups").split(",")}, indent=4))
        return
    rows = [("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS")]
    for secret in secrets:
        ttl, expires = _left(_field(secret, "expiration"))
        rows.append((_field(secret, "token-id") + "." + _field(secret, "token-secret"), ttl,
                     expires, ",".join(_usages(secret)),
                     _field(secret, "description") or "<none>",
                     _field(secret, "auth-extra-groups") or "<none>"))
    widths = [max(len(row[i]) for row in rows) + 3 for i in range(len(rows[0]))]
    if len(rows) > 1:
        for row in rows:
            print("".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def _usages(secret):
    return [u for u in ("authentication", "signing")
            if _field(secret, "usage-bootstrap-" + u) == "true"]


def run(args, client):
    if args.action == "generate":
        print(cluster.random_token())
    elif args.action == "create":
        _create(args, client)
    elif args.action == "list":
        _list(args, client)
    else:
        if not args.names:
            raise Failure('missing subcommand; "token delete" is not meant to be run on its own')
        for name in args.names:
            ident = name.split(".")[0]
            if not (TOKEN.match(name) or (len(ident) == 6 and ident == name)):
                raise Failure(f'given token didn\'t match pattern "\\\\A([a-z0-9]{{6}})\\\\z" or '
                              f'"\\\\A([a-z0-9]{{6}})\\\\.([a-z0-9]{{16}})\\\\z"')
            client.request("DELETE", f"{SECRETS}/bootstrap-token-{ident}")
            print(f'bootstrap token "{ident}" deleted')
