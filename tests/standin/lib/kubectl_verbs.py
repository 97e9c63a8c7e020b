"""kubectl's verbs on objects, one function each; they print and return the exit code."""
import json
import sys
import time

import api_kinds
import kubectl_print as show
import wire
from kubectl_common import (Wrong, documents, fetch, locate, open_client, qualified, seconds,
                            shown_name, targets)

LAST = "kubectl.kubernetes.io/last-applied-configuration"
LONGEST = 262144  # of an object's annotations


def apply(args):
    client = open_client(args)
    failed = 0
    for doc in documents(args.filename):
        try:
            kind, path = locate(client, doc, args.namespace)
            one = _apply_on_server if args.server_side else _apply_one
            print(one(client, doc, kind, path), flush=True)
        except Wrong as error:
            print(error, file=sys.stderr)
            failed = 1
        except wire.ApiError as error:
            name = doc["metadata"].get("name")
            print(f'Error from server ({error.reason}): error when applying "{name}": {error}',
                  file=sys.stderr)
            failed = 1
    return failed


def _apply_on_server(client, doc, kind, path):
    name = doc["metadata"]["name"]
    try:
        client.get(f"{path}/{name}")
        client.merge(f"{path}/{name}", doc)
    except wire.ApiError as error:
        if error.code != 404:
            raise
        client.create(path, doc)
    return f"{shown_name(kind, name)} serverside-applied"


def _apply_one(client, doc, kind, path):
    """Three-way: what the last apply set and this one does not is taken away."""
    name = doc["metadata"]["name"]
    text = json.dumps(doc, separators=(",", ":"), sort_keys=True) + "\n"
    wanted = dict(doc, metadata=dict(doc["metadata"], annotations=dict(
        doc["metadata"].get("annotations") or {}, **{LAST: text})))
    label = shown_name(kind, name)
    if len(text) > LONGEST:
        raise Wrong(f'The {kind.kind} "{name}" is invalid: metadata.annotations: Too long: must '
                    f"have at most {LONGEST} bytes")
    try:
        old = client.get(f"{path}/{name}")
    except wire.ApiError as error:
        if error.code != 404:
            raise
        client.create(path, wanted)
        return f"{label} created"
    before = json.loads((old["metadata"].get("annotations") or {}).get(LAST) or "{}")
    patch = _removed(before, wanted) or {}
    patch = _overlay(patch, wanted)
    new = client.merge(f"{path}/{name}", patch)
    same = new["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]
    return f"{label} {'unchanged' if same else 'configured'}"


def _removed(before, now):
    if not isinstance(before, dict) or not isinstance(now, dict):
        return None
    result = {}
    for key, value in before.items():
        if key not in now:
            result[key] = None
        else:
            inner = _removed(value, now[key])
            if inner:
                result[key] = inner
    return result


def _overlay(base, over):
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    result = dict(base)
    for key, value in over.items():
        result[key] = _overlay(base.get(key), value)
    return result


def create(args):
    client = open_client(args)
    if args.words[:1] in (["namespace"], ["ns"]) and len(args.words) == 2:
        docs = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": args.words[1]}}]
    else:
        docs = documents(args.filename)
    for doc in docs:
        kind, path = locate(client, doc, args.namespace)
        made = client.create(path, doc)
        print(f"{shown_name(kind, made['metadata']['name'])} created")


def _allowed_missing(args):
    return getattr(args, "ignore_not_found", "false") in (None, "true")


def get(args):
    client = open_client(args)
    if args.raw:
        answer = client.get(args.raw)
        print(answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":")))
        return 0
    words = args.words
    if args.filename:
        words = [f"{d['kind'].lower()}/{d['metadata']['name']}" for d in documents(args.filename)]
    found, failed = [], 0
    for kind, name in targets(words):
        try:
            found.append((kind, fetch(client, args, kind, name)))
        except wire.ApiError as error:
            if error.code != 404 or not _allowed_missing(args):
                print(f"Error from server ({error.reason}): {error}", file=sys.stderr)
                failed = 1
    _print(args, found, single=len(words) == 2 or "/" in (words or [""])[0])
    if args.watch:
        _watch(client, args, targets(words)[0][0])
    return failed


def _print(args, found, single):
    items = [item for _, group in found for item in group]
    out = args.output
    form, _, spec = out.partition("=")
    if out in ("json", "yaml"):
        one = single and len(items) == 1
        value = items[0] if one else {"apiVersion": "v1", "kind": "List", "items": items,
                                      "metadata": {"resourceVersion": "", "selfLink": ""}}
        if items or not single:
            print(json.dumps(value, indent=4) if out == "json" else wire.dump_yaml(value).rstrip())
    elif out == "name":
        for kind, group in found:
            for item in group:
                print(shown_name(kind, item["metadata"]["name"]))
    elif form in ("jsonpath", "jsonpath-as-json"):
        value = items[0] if single and len(items) == 1 else {"kind": "List", "items": items}
        print(show.jsonpath(value, spec.strip("'")), end="")
    elif form == "custom-columns":
        print(show.custom_columns(spec, items), end="")
    elif out in ("", "wide"):
        if not items and not single:
            if not args.watch:
                where = "" if args.all_namespaces or not found or not found[0][0].namespaced \
                    else f" in {args.namespace} namespace"
                print(f"No resources found{where}", file=sys.stderr)
            return
        merged = {}
        for kind, group in found:
            merged.setdefault(kind, []).extend(group)
        print("\n".join(show.table(kind, group, out == "wide", not args.no_headers,
                                   args.all_namespaces and kind.namespaced, args.show_labels)
                        for kind, group in merged.items() if group), end="", flush=True)
    else:
        raise Wrong(f'error: unable to match a printer suitable for the output format "{out}", '
                    "allowed formats are: custom-columns,json,jsonpath,name,wide,yaml")


def _watch(client, args, kind):
    path = api_kinds.path_of(kind, None if args.all_namespaces else args.namespace)
    listed = client.get(path)
    revision = listed["metadata"]["resourceVersion"]
    response = client.open("GET", f"{path}?watch=1&resourceVersion={revision}", timeout=3600)
    for line in response:
        event = json.loads(line)
        if event["type"] != "ERROR":
            print(show.table(kind, [event["object"]], args.output == "wide", False,
                             args.all_namespaces and kind.namespaced), end="", flush=True)


def describe(args):
    client = open_client(args)
    for kind, name in targets(args.words):
        for obj in fetch(client, args, kind, name):
            print(show.describe(obj))


def delete(args):
    client = open_client(args)
    todo, failed = [], 0
    if args.filename:
        for doc in documents(args.filename):
            kind, path = locate(client, doc, args.namespace)
            todo.append((kind, f"{path}/{doc['metadata']['name']}", doc["metadata"]["name"]))
    else:
        for kind, name in targets(args.words):
            if name is None and not (args.all or args.selector):
                raise Wrong("error: resource(s) were provided, but no name was specified")
            names = [name] if name else [o["metadata"]["name"]
                                         for o in fetch(client, args, kind, None)]
            todo += [(kind, api_kinds.path_of(kind, args.namespace, n), n) for n in names]
    for kind, path, name in todo:
        try:
            client.request("DELETE", path)
            single = f"{kind.kind.lower()}.{kind.group}" if kind.group else kind.kind.lower()
            print(f'{single} "{name}" deleted')
        except wire.ApiError as error:
            if error.code == 404 and _allowed_missing(args):
                continue
            print(f"Error from server ({error.reason}): {error}", file=sys.stderr)
            failed = 1
    return failed


def _holds(obj, wanted):
    """`wanted`: (condition, status) or None for deletion."""
    for condition in (obj.get("status") or {}).get("conditions") or []:
        if condition["type"].lower() == wanted[0].lower():
            return condition["status"].lower() == wanted[1].lower()
    return False


def wait(args):
    client = open_client(args)
    wanted = None
    if args.condition.startswith("condition="):
        name, _, status = args.condition[len("condition="):].partition("=")
        wanted = (name, status or "True")
    elif args.condition != "delete":
        raise Wrong(f'error: unrecognized condition: "{args.condition}"')
    limit = seconds(args.timeout)
    until = time.monotonic() + (limit if limit >= 0 else 7 * 86400)
    todo = []
    for kind, name in targets(args.words):
        if name:
            todo.append((kind, name))
        else:
            todo += [(kind, o["metadata"]["name"]) for o in fetch(client, args, kind, None)]
    if not todo:
        raise Wrong("error: no matching resources found")
    failed = 0
    for kind, name in todo:
        path = api_kinds.path_of(kind, args.namespace, name)
        label = f"{qualified(kind)}/{name}" if kind.group else f"{kind.plural}/{name}"
        while True:
            try:
                obj = client.get(path)
            except wire.ApiError as error:
                if error.code == 404 and wanted is None:
                    print(f"{shown_name(kind, name)} condition met", flush=True)
                    break
                raise
            if wanted and _holds(obj, wanted):
                print(f"{shown_name(kind, name)} condition met", flush=True)
                break
            if time.monotonic() >= until:
                print(f"error: timed out waiting for the condition on {label}", file=sys.stderr)
                failed = 1
                break
            time.sleep(min(0.2, max(0.01, until - time.monotonic())))
    return failed
