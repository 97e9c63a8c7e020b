"""What kube-controller-manager does as far as kagent can see it: signs CSRs, watches over
nodes, gives each namespace its ServiceAccount, removes expired bootstrap tokens, signs
cluster-info, puts DaemonSet pods on nodes."""
import base64
import copy
import datetime
import hashlib
import hmac
import ipaddress
import json
import random
import threading
import time
import traceback
import uuid

import api_auth
import conf
from api_status import Refusal
from api_store import Stale
from wire import timestamp

CSR = "certificates.k8s.io"
LEASE = ("coordination.k8s.io", "leases", "kube-system", "kube-controller-manager")
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
SIGNERS = (KUBELET_CLIENT, "kubernetes.io/kube-apiserver-client", "kubernetes.io/kubelet-serving")
UNREACHABLE = "node.kubernetes.io/unreachable"
NOT_READY = "node.kubernetes.io/not-ready"


def start(api, flags):
    controllers = Controllers(api, flags)
    election = Election(api.store, flags.get("advertise-address", ""))
    threading.Thread(target=election.run, daemon=True).start()
    for run in (controllers.certificates, controllers.accounts, controllers.nodes,
                controllers.tokens, controllers.workloads):
        threading.Thread(target=_loop, args=(api.store, election, run), daemon=True).start()


class Election:
    """Of all control planes' controllers those of one work: whose name stands in the Lease, for as long
    as it renews it. With the durations of the real one."""
    DURATION, DEADLINE, RETRY = 15.0, 10.0, 2.0

    def __init__(self, store, name):
        self.store, self.name = store, name
        self.won = threading.Event()

    def run(self):
        seen, since, renewed = None, 0.0, 0.0
        while True:
            now = time.monotonic()
            try:
                lease = self.store.get(*LEASE)
                if lease is not None and lease["metadata"]["resourceVersion"] != seen:
                    seen, since = lease["metadata"]["resourceVersion"], now
                holder = lease["spec"]["holderIdentity"] if lease else self.name
                if holder == self.name or now - since > self.DURATION:
                    self._renew(lease)
                    renewed = now
                    self.won.set()
                else:
                    self.won.clear()
            except (Stale, Refusal):
                if now - renewed > self.DEADLINE:
                    self.won.clear()
            time.sleep(self.RETRY)

    def _renew(self, lease):
        meta = lease["metadata"] if lease else {
            "name": LEASE[3], "namespace": LEASE[2], "uid": str(uuid.uuid4()),
            "creationTimestamp": timestamp()}
        self.store.put(*LEASE[:2], {
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta,
            "spec": {"holderIdentity": self.name, "leaseDurationSeconds": int(self.DURATION),
                     "renewTime": timestamp(micro=True)}})


def _loop(store, election, run):
    """Run a controller at every change, and once a second without one."""
    while True:
        election.won.wait()
        seen = store.revision
        try:
            run()
        except Stale:
            pass  # changed meanwhile: the next turn sees it
        except Exception:  # as the real ones: log, go on at the next turn
            traceback.print_exc()
        if store.revision == seen:
            store.wait(1.0)
        time.sleep(0.02)  # gather what belongs together


class Controllers:
    def __init__(self, api, flags):
        self.api = api
        self.store = api.store
        self.ca = None
        self.ca_path = flags["client-ca-file"].removesuffix(".crt")
        self.cidr = flags.get("standin-cluster-cidr", "")
        self.seen = {}  # node: (what it last posted, when we saw that)

    # -- certificate signing requests

    def certificates(self):
        for csr in self.store.list(CSR, "certificatesigningrequests")[0]:
            status = csr.get("status") or {}
            types = {c["type"]: c for c in status.get("conditions") or []}
            if status.get("certificate") or "Denied" in types or "Failed" in types:
                continue
            if "Approved" not in types:
                if not conf.flag("csr_hang"):
                    self._approve(csr)
            elif csr["spec"]["signerName"] in SIGNERS:
                self._sign(csr)

    def _approve(self, csr):
        """The csrapprover: only a node's own client certificate, only for who may have it."""
        spec = csr["spec"]
        if spec["signerName"] != KUBELET_CLIENT:
            return
        cn, orgs = self._subject(csr)
        if orgs != ["system:nodes"] or not cn.startswith("system:node:"):
            return
        user = api_auth.User(spec.get("username", ""), tuple(spec.get("groups") or ()))
        checks = ["nodeclient"] if user.name != cn else ["selfnodeclient", "nodeclient"]
        for sub in checks:
            if self.api.auth.may(user, "create", CSR, "certificatesigningrequests/" + sub):
                self._condition(csr, "Approved", "AutoApproved",
                                "Auto approving kubelet client certificate after "
                                "SubjectAccessReview.")
                return

    def _subject(self, csr):
        import pki
        try:
            request = pki.load_csr(base64.b64decode(csr["spec"]["request"]))
        except ValueError:
            return "", []
        return pki.subject_parts(request.subject)

    def _sign(self, csr):
        import pki
        spec = csr["spec"]
        if self.ca is None:
            self.ca = pki.read_pair(self.ca_path)
        cn, orgs = self._subject(csr)
        if spec["signerName"] == KUBELET_CLIENT and (
                orgs != ["system:nodes"] or not cn.startswith("system:node:")):
            self._condition(csr, "Failed", "SignerValidationFailure",
                            'subject organization is not system:nodes')
            return
        request = pki.load_csr(base64.b64decode(spec["request"]))
        usages = [pki.SERVER if spec["signerName"].endswith("kubelet-serving") else pki.CLIENT]
        lifetime = datetime.timedelta(seconds=spec.get("expirationSeconds") or 365 * 86400)
        cert = pki.issue(self.ca, request.subject, request.public_key(), usages,
                         lifetime=lifetime)
        with self.store.lock:
            new = copy.deepcopy(csr)
            new["status"]["certificate"] = base64.b64encode(pki.cert_pem(cert)).decode()
            self.store.put(CSR, "certificatesigningrequests", new)

    def _condition(self, csr, kind, reason, message):
        new = copy.deepcopy(csr)
        new.setdefault("status", {}).setdefault("conditions", []).append({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastUpdateTime": timestamp(), "lastTransitionTime": timestamp()})
        self.store.put(CSR, "certificatesigningrequests", new)

    # -- nodes

    def nodes(self):
        now = time.monotonic()
        grace = conf.seconds("node_monitor_grace_seconds")
        for node in self.store.list("", "nodes")[0]:
            name = node["metadata"]["name"]
            lease = self.store.get("coordination.k8s.io", "leases", "kube-node-lease", name)
            posted = (json.dumps([c.get("lastHeartbeatTime") for c in _conditions(node)]),
                      lease and lease["metadata"]["resourceVersion"])
            if self.seen.get(name, (None,))[0] != posted:
                self.seen[name] = (posted, now)
            silent = now - self.seen[name][1]
            with self.store.lock:
                node = self.store.get("", "nodes", None, name)
                if node is None:
                    continue
                new = copy.deepcopy(node)
                if silent > grace:
                    _mark_unknown(new)
                _taints(new)
                self._pod_cidr(new)
                if new != node:
                    self.store.put("", "nodes", new)
            if silent > grace:  # our own change is no sign of life
                self.seen[name] = ((json.dumps([c.get("lastHeartbeatTime")
                                                for c in _conditions(new)]), posted[1]),
                                   self.seen[name][1])

    def _pod_cidr(self, node):
        spec = node.setdefault("spec", {})
        if spec.get("podCIDR") or not self.cidr:
            return
        used = {n.get("spec", {}).get("podCIDR") for n in self.store.list("", "nodes")[0]}
        network = ipaddress.ip_network(self.cidr.split(",")[0])
        bits = max(24 if network.version == 4 else 64, network.prefixlen)
        for subnet in network.subnets(new_prefix=bits):
            if str(subnet) not in used:
                spec["podCIDR"], spec["podCIDRs"] = str(subnet), [str(subnet)]
                return

    # -- bootstrap tokens

    def tokens(self):
        secrets = [s for s in self.store.list("", "secrets", "kube-system")[0]
                   if s.get("type") == "bootstrap.kubernetes.io/token"]
        for secret in [s for s in secrets if api_auth.expired(s)]:
            secrets.remove(secret)
            self.store.delete("", "secrets", "kube-system", secret["metadata"]["name"])
        with self.store.lock:
            info = self.store.get("", "configmaps", "kube-public", "cluster-info")
            if info is None or "kubeconfig" not in (info.get("data") or {}):
                return
            data = {k: v for k, v in info["data"].items() if not k.startswith("jws-kubeconfig-")}
            for secret in secrets:
                if api_auth.field(secret, "usage-bootstrap-signing") == "true":
                    ident = api_auth.field(secret, "token-id")
                    data["jws-kubeconfig-" + ident] = jws(
                        data["kubeconfig"], ident, api_auth.field(secret, "token-secret"))
            if data != info["data"]:
                self.store.put("", "configmaps", dict(info, data=data,
                                                      metadata=dict(info["metadata"])))

    # -- service accounts

    def accounts(self):
        for namespace in self.store.list("", "namespaces")[0]:
            name = namespace["metadata"]["name"]
            if self.store.get("", "serviceaccounts", name, "default") is None:
                self.store.put("", "serviceaccounts", {
                    "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
                        "name": "default", "namespace": name, "uid": str(uuid.uuid4()),
                        "creationTimestamp": timestamp()}})

    # -- DaemonSets

    def workloads(self):
        nodes = self.store.list("", "nodes")[0]
        pods = self.store.list("", "pods")[0]
        for daemonset in self.store.list("apps", "daemonsets")[0]:
            template = daemonset["spec"]["template"]
            wanted = [n for n in nodes if _tolerated(n, template.get("spec", {}))
                      and _selected(n, template.get("spec", {}))]
            mine = {p["spec"].get("nodeName"): p for p in pods if _owned(p, daemonset)}
            for node in wanted:
                if node["metadata"]["name"] not in mine:
                    self._pod(daemonset, template, node["metadata"]["name"])
            names = {n["metadata"]["name"] for n in nodes}
            for name, pod in mine.items():
                if name not in names:
                    self._remove(pod)
            ready = sum(1 for p in mine.values() if (p.get("status") or {}).get("phase")
                        == "Running")
            status = {"desiredNumberScheduled": len(wanted), "currentNumberScheduled": len(mine),
                      "numberMisscheduled": 0, "numberReady": ready, "numberAvailable": ready,
                      "updatedNumberScheduled": len(mine),
                      "observedGeneration": daemonset["metadata"].get("generation", 1)}
            with self.store.lock:
                meta = daemonset["metadata"]
                now = self.store.get("apps", "daemonsets", meta["namespace"], meta["name"])
                if now is not None and now.get("status") != status:
                    self.store.put("apps", "daemonsets", dict(now, status=status))
        live = {d["metadata"].get("uid") for d in self.store.list("apps", "daemonsets")[0]}
        for pod in pods:
            owners = pod["metadata"].get("ownerReferences") or []
            if owners and owners[0].get("kind") == "DaemonSet" and owners[0]["uid"] not in live:
                self._remove(pod)

    def _pod(self, daemonset, template, node):
        meta = daemonset["metadata"]
        tail = "".join(random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
        spec = dict(copy.deepcopy(template.get("spec", {})), nodeName=node)
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec, "status": {"phase": "Pending"},
               "metadata": {"name": f"{meta['name']}-{tail}", "namespace": meta["namespace"],
                            "uid": f"{meta.get('uid', '')[:23]}-{random.getrandbits(48):012x}",
                            "creationTimestamp": timestamp(),
                            "labels": (template.get("metadata") or {}).get("labels") or {},
                            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet",
                                                 "name": meta["name"], "uid": meta.get("uid"),
                                                 "controller": True}]}}
        self.store.put("", "pods", pod)

    def _remove(self, pod):
        self.store.delete("", "pods", pod["metadata"]["namespace"], pod["metadata"]["name"])


def _conditions(node):
    return (node.get("status") or {}).get("conditions") or []


def _mark_unknown(node):
    for condition in _conditions(node):
        if condition["status"] != "Unknown":
            condition.update(status="Unknown", reason="NodeStatusUnknown",
                             message="Kubelet stopped posting node status.",
                             lastTransitionTime=timestamp())


def _taints(node):
    """not-ready and unreachable, as the node lifecycle controller sets them."""
    ready = next((c["status"] for c in _conditions(node) if c["type"] == "Ready"), "False")
    wanted = {"False": [(NOT_READY, "NoSchedule")], "True": [],
              "Unknown": [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]}[ready]
    spec = node.setdefault("spec", {})
    kept = [t for t in spec.get("taints") or [] if t["key"] not in (UNREACHABLE, NOT_READY)
            and t["key"] != "node.kubernetes.io/unschedulable"]
    taints = kept + [{"key": key, "effect": effect} for key, effect in wanted]
    if spec.get("unschedulable"):
        taints.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    if taints:
        spec["taints"] = taints
    else:
        spec.pop("taints", None)


def _owned(pod, owner):
    uid = owner["metadata"].get("uid")
    return any(ref.get("uid") == uid for ref in pod["metadata"].get("ownerReferences") or [])


def _selected(node, spec):
    labels = node["metadata"].get("labels") or {}
    return all(labels.get(k) == v for k, v in (spec.get("nodeSelector") or {}).items())


def _tolerated(node, spec):
    """DaemonSet pods tolerate the node conditions' taints by themselves."""
    tolerations = spec.get("tolerations") or []
    for taint in (node.get("spec") or {}).get("taints") or []:
        if taint["key"].startswith("node.kubernetes.io/"):
            continue
        if not any((t.get("key") in (None, "", taint["key"]))
                   and t.get("effect") in (None, "", taint["effect"])
                   and (t.get("operator") == "Exists" or t.get("value", "") == taint.get(
                       "value", "")) for t in tolerations):
            return False
    return True


def jws(content, ident, secret):
    """A detached JWS (HS256, kid = token id) of the cluster-info kubeconfig."""
    header = _b64(json.dumps({"alg": "HS256", "kid": ident}, separators=(",", ":")).encode())
    signed = f"{header}.{_b64(content.encode())}".encode()
    tag = hmac.new(f"{ident}.{secret}".encode(), signed, hashlib.sha256).digest()
    return f"{header}..{_b64(tag)}"


def _b64(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
