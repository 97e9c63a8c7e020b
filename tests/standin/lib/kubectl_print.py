"""How kubectl shows objects: tables, names, JSON, YAML, jsonpath, custom columns."""
import base64
import datetime
import json
import re

import wire
from api_auth import parse_time


def age(text):
    when = parse_time(text or "")
    if when is None:
        return "<unknown>"
    seconds = int((datetime.datetime.now(datetime.timezone.utc) - when).total_seconds())
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes = seconds // 60
    if minutes < 10:
        rest = seconds % 60
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def _node(obj, wide):
    status = obj.get("status") or {}
    ready = next((c["status"] for c in status.get("conditions") or [] if c["type"] == "Ready"),
                 "Unknown")
    words = ["Ready" if ready == "True" else "NotReady"]
    if (obj.get("spec") or {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    roles = sorted(label.split("/", 1)[1] for label in obj["metadata"].get("labels") or {}
                   if label.startswith("node-role.kubernetes.io/"))
    info = status.get("nodeInfo") or {}
    row = [obj["metadata"]["name"], ",".join(words), ",".join(roles) or "<none>", _age(obj),
           info.get("kubeletVersion", "")]
    if wide:
        addresses = {a["type"]: a["address"] for a in status.get("addresses") or []}
        row += [addresses.get("InternalIP", "<none>"), addresses.get("ExternalIP", "<none>"),
                info.get("osImage", "<unknown>"), info.get("kernelVersion", "<unknown>"),
                info.get("containerRuntimeVersion", "<unknown>")]
    return row


def _csr(obj, wide):
    del wide
    conditions = [c["type"] for c in (obj.get("status") or {}).get("conditions") or []]
    text = ",".join(conditions) or "Pending"
    if (obj.get("status") or {}).get("certificate"):
        text += ",Issued"
    spec = obj["spec"]
    return [obj["metadata"]["name"], _age(obj), spec.get("signerName", ""),
            spec.get("username", ""), "<none>", text]


def _pod(obj, wide):
    status = obj.get("status") or {}
    states = status.get("containerStatuses") or []
    total = len(obj["spec"].get("containers") or [])
    ready = sum(1 for s in states if s.get("ready"))
    shown = status.get("phase", "Unknown")
    if shown == "Pending" and obj["spec"].get("nodeName"):
        shown = "ContainerCreating"
    row = [obj["metadata"]["name"], f"{ready}/{total}", shown, "0", _age(obj)]
    if wide:
        row += [status.get("podIP", "<none>"), obj["spec"].get("nodeName", "<none>")]
    return row


def _daemonset(obj, wide):
    del wide
    s = obj.get("status") or {}
    selector = obj["spec"]["template"].get("spec", {}).get("nodeSelector") or {}
    return [obj["metadata"]["name"]] + [str(s.get(k, 0)) for k in (
        "desiredNumberScheduled", "currentNumberScheduled", "numberReady",
        "updatedNumberScheduled", "numberAvailable")] + [
            ",".join(f"{k}={v}" for k, v in selector.items()) or "<none>", _age(obj)]


def _deployment(obj, wide):
    del wide
    status, wanted = obj.get("status") or {}, obj["spec"].get("replicas", 1)
    ready = status.get("readyReplicas", 0)
    return [obj["metadata"]["name"], f"{ready}/{wanted}", str(status.get("updatedReplicas", 0)),
            str(status.get("availableReplicas", 0)), _age(obj)]


def _age(obj):
    return age(obj["metadata"].get("creationTimestamp"))


COLUMNS = {
    "Node": (_node, ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
             ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]),
    "CertificateSigningRequest": (_csr, ["NAME", "AGE", "SIGNERNAME", "REQUESTOR",
                                         "REQUESTEDDURATION", "CONDITION"], []),
    "Pod": (_pod, ["NAME", "READY", "STATUS", "RESTARTS", "AGE"], ["IP", "NODE"]),
    "DaemonSet": (_daemonset, ["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE",
                               "NODE SELECTOR", "AGE"], []),
    "Deployment": (_deployment, ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], []),
    "Namespace": (lambda o, w: [o["metadata"]["name"], (o.get("status") or {}).get(
        "phase", ""), _age(o)], ["NAME", "STATUS", "AGE"], []),
    "Secret": (lambda o, w: [o["metadata"]["name"], o.get("type", ""), str(len(
        o.get("data") or {})), _age(o)], ["NAME", "TYPE", "DATA", "AGE"], []),
    "ConfigMap": (lambda o, w: [o["metadata"]["name"], str(len(o.get("data") or {})), _age(o)],
                  ["NAME", "DATA", "AGE"], []),
    "Lease": (lambda o, w: [o["metadata"]["name"], (o.get("spec") or {}).get(
        "holderIdentity", ""), _age(o)], ["NAME", "HOLDER", "AGE"], []),
    "ClusterRoleBinding": (lambda o, w: [o["metadata"]["name"], "{kind}/{name}".format(
        **o["roleRef"]), _age(o)], ["NAME", "ROLE", "AGE"], []),
    "RoleBinding": (lambda o, w: [o["metadata"]["name"], "{kind}/{name}".format(
        **o["roleRef"]), _age(o)], ["NAME", "ROLE", "AGE"], []),
}
ANY = (lambda o, w: [o["metadata"]["name"], _age(o)], ["NAME", "AGE"], [])


def table(kind, items, wide=False, headers=True, namespaces=False, labels=False):
    make, names, more = COLUMNS.get(kind.kind, ANY)
    rows = [list(names) + (list(more) if wide else [])] if headers else []
    rows += [make(obj, wide) for obj in items]
    if namespaces:
        spaces = [obj["metadata"].get("namespace", "") for obj in items]
        for row, space in zip(rows, (["NAMESPACE"] if headers else []) + spaces):
            row.insert(0, space)
    if labels:
        words = [",".join(f"{k}={v}" for k, v in sorted(
            (obj["metadata"].get("labels") or {}).items())) or "<none>" for obj in items]
        for row, word in zip(rows, (["LABELS"] if headers else []) + words):
            row.append(word)
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) + 3 for i in range(len(rows[0]))]
    return "\n".join("".join(text.ljust(width) for text, width in zip(row[:-1], widths))
                     + row[-1] for row in rows) + "\n"


# -- jsonpath, as far as scripts use it: {.a.b[0].c}, [*], [?(@.k=="v")], {range}..{end}, {"\n"}

def _steps(path):
    at, steps = 0, []
    pattern = re.compile(r"\.?((?:\\.|[^.\[\]\\])+)|\[\?\(@\.([^=!)]+)\s*==\s*[\"']([^\"']*)[\"']"
                         r"\)\]|\[(\*|-?\d+)\]|\['([^']+)'\]|\.(?=\[)")
    while at < len(path):
        match = pattern.match(path, at)
        if not match:
            raise ValueError(f"error parsing jsonpath {path}")
        if match[1]:
            steps.append(("key", match[1].replace("\\.", ".")))
        elif match[2]:
            steps.append(("where", match[2].strip(), match[3]))
        elif match[4]:
            steps.append(("all",) if match[4] == "*" else ("at", int(match[4])))
        elif match[5]:
            steps.append(("key", match[5]))
        at = match.end()
    return steps


def find(value, path):
    """Every value that a jsonpath (without braces) finds."""
    found = [value]
    for step in _steps(path.lstrip("$@")):
        following = []
        for entry in found:
            if step[0] == "key" and isinstance(entry, dict):
                if step[1] == "*":
                    following += list(entry.values())
                elif step[1] in entry:
                    following.append(entry[step[1]])
            elif isinstance(entry, list):
                if step[0] == "all":
                    following += entry
                elif step[0] == "at" and -len(entry) <= step[1] < len(entry):
                    following.append(entry[step[1]])
                elif step[0] == "where":
                    following += [e for e in entry if find(e, "." + step[1]) == [step[2]]]
        found = following
    return found


def _text(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def jsonpath(value, template):
    out, parts, at = [], re.split(r"\{([^}]*)\}", template), 0
    while at < len(parts):
        part = parts[at]
        if at % 2 == 0:
            out.append(part)
        elif part.startswith(("\"", "'")):
            out.append(part[1:-1].encode().decode("unicode_escape"))
        elif part.startswith("range "):
            end = at + 2
            while end < len(parts) and parts[end] != "end":
                end += 2
            inner = "".join(p if i % 2 else "{" + p + "}"
                            for i, p in enumerate(parts[at + 1:end], 1))
            out += [jsonpath(item, inner) for item in find(value, part[6:].strip())]
            at = end
        else:
            out.append(" ".join(_text(v) for v in find(value, part)))
        at += 1
    return "".join(out)


def custom_columns(spec, items):
    columns = [part.split(":", 1) for part in spec.split(",")]
    rows = [[name for name, _ in columns]]
    for obj in items:
        rows.append([",".join(_text(v) for v in find(obj, path.strip("{}"))) or "<none>"
                     for _, path in columns])
    widths = [max(len(row[i]) for row in rows) + 3 for i in range(len(columns))]
    return "\n".join("".join(t.ljust(w) for t, w in zip(row, widths)).rstrip()
                     for row in rows) + "\n"


def describe(obj):
    """A plain description: the YAML without secrets' values."""
    obj = json.loads(json.dumps(obj))
    if obj.get("kind") == "Secret":
        obj["data"] = {k: f"{len(base64.b64decode(v))} bytes"
                       for k, v in (obj.get("data") or {}).items()}
    return wire.dump_yaml(obj)
