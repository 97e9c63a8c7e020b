"""What kubectl's verbs share: the client, the names of kinds, the files."""
import os
import sys
import urllib.parse

import api_kinds
import conf
import wire
from kubeadm_config import parse_duration
from kubeadm_error import Failure


class Wrong(Exception):
    """Printed as it is; exit code 1."""


def seconds(text):
    if text.lstrip("-").isdigit():
        return float(text)
    try:
        return parse_duration(text)
    except Failure as error:
        raise Wrong(f'error: invalid argument "{text}": {error}') from error


def kind_of(word):
    kind = api_kinds.find(word)
    if kind is None:
        raise Wrong(f'error: the server doesn\'t have a resource type "{word}"')
    return kind


def qualified(kind):
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def shown_name(kind, name):
    single = kind.kind.lower()
    return f"{single}.{kind.group}/{name}" if kind.group else f"{single}/{name}"


def targets(words):
    """[(kind, name or None)] of "nodes", "node NAME...", "node/NAME ...", "a,b"."""
    if not words:
        raise Wrong("error: You must specify the type of resource to get.")
    if "/" in words[0]:
        return [(kind_of(word.split("/", 1)[0]), word.split("/", 1)[1]) for word in words]
    kinds = [kind_of(word) for word in words[0].split(",")]
    return [(kind, name) for kind in kinds for name in (words[1:] or [None])]


def documents(names):
    docs = []
    for name in names:
        if name == "-":
            texts = [sys.stdin.read()]
        elif os.path.isdir(name):
            texts = [conf.read_file(os.path.join(name, file)) for file in sorted(os.listdir(name))
                     if file.endswith((".yml", ".yaml", ".json"))]
        else:
            try:
                texts = [conf.read_file(name)]
            except OSError as error:
                raise Wrong(f'error: the path "{name}" does not exist') from error
        for text in texts:
            try:
                docs += wire.load_documents(text)
            except Exception as error:  # any YAML error
                raise Wrong(f"error: error parsing {name}: error converting YAML to JSON: yaml: "
                            f"{error}") from error
    flat = []
    for doc in docs:
        flat += doc.get("items") or [] if doc.get("kind") == "List" else [doc]
    if not flat:
        raise Wrong("error: no objects passed to apply")
    return flat


def locate(client, doc, namespace):
    """(kind, path of its collection) of an object."""
    version = doc.get("apiVersion", "")
    group, _, number = version.rpartition("/")
    kind = api_kinds.BY_KIND.get((group, number, doc.get("kind")))
    if kind is None:
        prefix = f"/apis/{version}" if group else f"/api/{version}"
        try:
            listed = client.get(prefix)["resources"]
            found = next(r for r in listed if r["kind"] == doc.get("kind"))
        except (wire.ApiError, StopIteration) as error:
            raise Wrong(f'error: unable to recognize "STDIN": no matches for kind '
                        f'"{doc.get("kind")}" in version "{version}"') from error
        kind = api_kinds.Kind(group, number, found["name"], found["kind"], found["namespaced"],
                              "", False)
    space = doc["metadata"].get("namespace") or namespace
    return kind, api_kinds.path_of(kind, space)


def ask_for_user():
    """client-go's fallback where a kubeconfig names no user."""
    for what in ("Username", "Password"):
        print(f"Please enter {what}: ", end="", flush=True)
        if not sys.stdin.readline():
            raise Wrong("error: EOF")
    raise Wrong("error: You must be logged in to the server (Unauthorized)")


def open_client(args):
    path = args.kubeconfig or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    try:
        config = wire.Kubeconfig.load(path)
    except FileNotFoundError as error:
        if args.kubeconfig:
            raise Wrong(f"error: stat {path}: no such file or directory") from error
        raise Wrong("The connection to the server localhost:8080 was refused - did you "
                          "specify the right host or port?") from error
    except PermissionError as error:
        raise Wrong(f'error: error loading config file "{path}": open {path}: permission '
                          "denied") from error
    if args.server:
        config.server = args.server
    if config.server.startswith("https://") and not config.has_credentials():
        ask_for_user()
    args.namespace_given = args.namespace
    args.namespace = args.namespace or config.namespace
    timeout = seconds(args.request_timeout) if args.request_timeout != "0" else 30
    return wire.Client(config, timeout)


def _query(args):
    query = {}
    if getattr(args, "selector", ""):
        query["labelSelector"] = args.selector
    if getattr(args, "field_selector", ""):
        query["fieldSelector"] = args.field_selector
    return "?" + urllib.parse.urlencode(query) if query else ""


def fetch(client, args, kind, name):
    space = None if getattr(args, "all_namespaces", False) else args.namespace
    path = api_kinds.path_of(kind, space, name)
    if name:
        return [client.get(path)]
    items = client.get(path + _query(args))["items"]
    for item in items:
        item.setdefault("kind", kind.kind)
        item.setdefault("apiVersion", api_kinds.api_version(kind))
    return items
