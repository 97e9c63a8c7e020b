"""kubectl's verbs that mark, change and drain, and those about rights."""
import sys

import api_kinds
import wire
from kubectl_common import Wrong, fetch, kind_of, open_client, shown_name, targets


def _change(args, section, word):
    client = open_client(args)
    at = next((i for i, w in enumerate(args.words) if "=" in w or w.endswith("-")), None)
    if at is None:
        raise Wrong(f"error: at least one {word} update is required")
    changes = {}
    for text in args.words[at:]:
        key, sep, value = text.partition("=")
        changes[key if sep else key.rstrip("-")] = value if sep else None
    for kind, name in targets(args.words[:at]):
        names = [name] if name else [o["metadata"]["name"]
                                     for o in fetch(client, args, kind, None)]
        for one in names:
            path = api_kinds.path_of(kind, args.namespace, one)
            old = client.get(path)["metadata"].get(section) or {}
            for key, value in changes.items():
                if value is not None and old.get(key, value) != value and not args.overwrite:
                    raise Wrong(f"error: '{key}' already has a value ({old[key]}), and "
                                "--overwrite is false")
            client.merge(path, {"metadata": {section: changes}})
            print(f"{shown_name(kind, one)} {word}")


def label(args):
    _change(args, "labels", "labeled")


def annotate(args):
    _change(args, "annotations", "annotated")


def taint(args):
    client = open_client(args)
    rest = args.words[1:]
    names = [w for w in rest if ":" not in w and not w.endswith("-")]
    kind = kind_of("nodes")
    for name in names or [o["metadata"]["name"] for o in fetch(client, args, kind, None)]:
        path = "/api/v1/nodes/" + name
        taints = (client.get(path).get("spec") or {}).get("taints") or []
        for word in rest[len(names):]:
            gone = word.endswith("-")
            left, _, effect = word.rstrip("-").partition(":")
            key, _, value = left.partition("=")
            fits = [t for t in taints if t["key"] == key and effect in ("", t["effect"])]
            if gone and not fits:
                raise Wrong(f'error: taint "{word.rstrip("-")}" not found')
            taints = [t for t in taints if t not in fits]
            if not gone:
                taints.append(dict({"key": key, "effect": effect},
                                   **({"value": value} if value else {})))
        client.merge(path, {"spec": {"taints": taints or None}})
        print(f"node/{name} {'untainted' if gone else 'tainted'}")


def patch(args):
    client = open_client(args)
    body = wire.load_yaml(args.patch)
    for kind, name in targets(args.words):
        path = api_kinds.path_of(kind, args.namespace, name)
        types = {"strategic": "strategic-merge-patch", "merge": "merge-patch",
                 "json": "json-patch"}
        client.request("PATCH", path, body, f"application/{types[args.type]}+json")
        print(f"{shown_name(kind, name)} patched")


def _schedulable(args, off):
    client = open_client(args)
    for word in args.words:
        name = word.removeprefix("node/")
        path = "/api/v1/nodes/" + name
        before = bool((client.get(path).get("spec") or {}).get("unschedulable"))
        verb = "cordoned" if off else "uncordoned"
        if before == off:
            print(f"node/{name} already {verb}")
        else:
            client.merge(path, {"spec": {"unschedulable": True if off else None}})
            print(f"node/{name} {verb}")
    return client


def cordon(args):
    _schedulable(args, True)


def uncordon(args):
    _schedulable(args, False)


def drain(args):
    client = _schedulable(args, True)
    for word in args.words:
        name = word.removeprefix("node/")
        pods = client.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{name}")["items"]
        daemons = [p for p in pods if any(r.get("kind") == "DaemonSet" for r in
                                          p["metadata"].get("ownerReferences") or [])]
        if daemons and not args.ignore_daemonsets:
            listed = ", ".join(f"{p['metadata']['namespace']}/{p['metadata']['name']}"
                               for p in daemons)
            raise Wrong(f'error: unable to drain node "{name}", aborting command...\n\nThere are '
                        f"pending nodes to be drained:\n {name}\nerror: cannot delete DaemonSet-"
                        f"managed Pods (use --ignore-daemonsets to ignore): {listed}")
        if daemons:
            listed = ", ".join(f"{p['metadata']['namespace']}/{p['metadata']['name']}"
                               for p in daemons)
            print(f"WARNING: ignoring DaemonSet-managed Pods: {listed}", file=sys.stderr)
        for pod in pods:
            meta = pod["metadata"]
            mirror = "kubernetes.io/config.mirror" in (meta.get("annotations") or {})
            if pod not in daemons and not mirror:
                client.request("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/"
                                         f"{meta['name']}")
                print(f"evicting pod {meta['namespace']}/{meta['name']}")
        print(f"node/{name} drained")


def certificate(args):
    client = open_client(args)
    verb, names = args.words[0], args.words[1:]
    for name in names:
        path = f"/apis/certificates.k8s.io/v1/certificatesigningrequests/{name}"
        csr = client.get(path)
        kind = {"approve": "Approved", "deny": "Denied"}[verb]
        csr.setdefault("status", {}).setdefault("conditions", []).append({
            "type": kind, "status": "True", "reason": f"Kubectl{verb.capitalize()}",
            "message": f"This CSR was {kind.lower()} by kubectl certificate {verb}."})
        client.request("PUT", path + "/approval", csr)
        print(f"certificatesigningrequest.certificates.k8s.io/{name} {kind.lower()}")


def can_i(args):
    client = open_client(args)
    words = args.words[1:]  # "can-i"
    kind_word, _, name = words[1].partition("/")
    base, _, sub = kind_word.partition(".")
    kind = api_kinds.find(base)
    asked = {"verb": words[0], "resource": kind.plural if kind else base,
             "group": kind.group if kind else sub, "name": name or (
                 words[2] if len(words) > 2 else "")}
    if kind is None or kind.namespaced:
        asked["namespace"] = args.namespace
    spec, plural, single = {"resourceAttributes": asked}, "selfsubjectaccessreviews", "Self"
    if args.as_user:
        spec.update(user=args.as_user, groups=args.as_group)
        plural, single = "subjectaccessreviews", ""
    answer = client.create("/apis/authorization.k8s.io/v1/" + plural, {
        "apiVersion": "authorization.k8s.io/v1", "kind": f"{single}SubjectAccessReview",
        "spec": spec})
    allowed = answer["status"]["allowed"]
    if not args.quiet:
        print("yes" if allowed else "no")
    return 0 if allowed else 1
