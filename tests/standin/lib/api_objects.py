"""Create, read, change and delete: admission and the rules of single kinds."""
import base64
import copy
import random
import re
import uuid

import api_kinds
import api_patch
import api_status
from api_status import Refusal
from wire import timestamp

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_SUBDOMAIN = ('Invalid value: "%s": a lowercase RFC 1123 subdomain must consist of lower case '
              "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
              "character (e.g. 'example.com', regex used for validation is "
              "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
RBAC = "rbac.authorization.k8s.io"
CSR = "certificates.k8s.io"


class Objects:
    def __init__(self, store, auth):
        self.store = store
        self.auth = auth

    # -- reading

    def get(self, target):
        obj = self.store.get(target.group, target.plural, target.namespace, target.name)
        if obj is None:
            raise api_status.not_found(target, target.name)
        return obj

    # -- writing

    def create(self, target, body, user):
        kind = target.kind
        self._check_type(target, body)
        meta = body.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            tail = "".join(random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
            meta["name"] = meta["generateName"] + tail
        name = meta.get("name", "")
        if not name:
            raise api_status.invalid(target, kind.kind, "", [
                ("metadata.name", "Required value: name or generateName is required")])
        if target.group != RBAC and not _NAME.match(name):
            raise api_status.invalid(target, kind.kind, name,
                                     [("metadata.name", _SUBDOMAIN % name)])
        if kind.namespaced:
            if meta.get("namespace", target.namespace) != target.namespace:
                raise Refusal(400, "the namespace of the provided object does not match the "
                              "namespace sent on the request")
            meta["namespace"] = target.namespace
        else:
            meta.pop("namespace", None)
        with self.store.lock:
            if kind.namespaced and not self.store.get("", "namespaces", None, target.namespace):
                raise Refusal(404, f'namespaces "{target.namespace}" not found', None,
                              {"name": target.namespace, "kind": "namespaces"})
            self._admit(target, None, body, user)
            if self.store.get(target.group, target.plural, target.namespace, name):
                raise api_status.already_exists(target, name)
            meta.update(uid=str(uuid.uuid4()), creationTimestamp=timestamp())
            meta.pop("resourceVersion", None)
            if kind.status and "spec" in body:
                meta["generation"] = 1
            self._prepare(target, body, user)
            return self.store.put(target.group, target.plural, body)

    def replace(self, target, body, user):
        self._check_type(target, body)
        meta = body.setdefault("metadata", {})
        if meta.get("name", target.name) != target.name:
            raise Refusal(400, f"the name of the object ({meta['name']}) does not match the name "
                          f"on the URL ({target.name})")
        with self.store.lock:
            old = self.get(target)
            wanted = meta.get("resourceVersion")
            if wanted and wanted != old["metadata"]["resourceVersion"]:
                raise api_status.conflict(target, target.name)
            return self._store_changed(target, old, body, user)

    def patch(self, target, patch, content_type, user):
        with self.store.lock:
            old = self.store.get(target.group, target.plural, target.namespace, target.name)
            if old is None:
                if content_type == "application/apply-patch+yaml":
                    patch.setdefault("metadata", {})["name"] = target.name
                    return self.create(target._replace(name=None), patch, user)
                raise api_status.not_found(target, target.name)
            try:
                body = api_patch.apply(copy.deepcopy(old), patch, content_type)
            except api_patch.BadPatch as error:
                raise Refusal(422, f"the server rejected our request due to an error in our "
                              f"request: {error}") from error
            wanted = (patch.get("metadata") or {}).get("resourceVersion") if isinstance(
                patch, dict) else None
            if wanted and wanted != old["metadata"]["resourceVersion"]:
                raise api_status.conflict(target, target.name)
            return self._store_changed(target, old, body, user)

    def _store_changed(self, target, old, body, user):
        body = copy.deepcopy(body)
        if target.sub in ("status", "approval"):
            # Of a subresource only the status (and for nodes the labels' owner) counts.
            changed = copy.deepcopy(old)
            changed["status"] = body.get("status", {})
            body = changed
        elif target.kind.status and "status" in old:
            body["status"] = old["status"]
        elif target.kind.status:
            body.pop("status", None)
        for key in ("uid", "creationTimestamp", "generation", "namespace"):
            if key in old["metadata"]:
                body["metadata"][key] = old["metadata"][key]
        body["metadata"]["name"] = target.name
        if target.plural in ("roles", "rolebindings", "clusterrolebindings", "clusterroles"):
            if body.get("roleRef") != old.get("roleRef"):
                raise api_status.invalid(target, target.kind.kind, target.name, [
                    ("roleRef", "Invalid value: cannot change roleRef")])
        if old.get("immutable") and body.get("data") != old.get("data"):
            raise api_status.invalid(target, target.kind.kind, target.name, [
                ("data", "Forbidden: field is immutable when `immutable` is set")])
        self._admit(target, old, body, user)
        if target.plural == "secrets":
            _fold_string_data(body)
        if body.get("spec") != old.get("spec") and "generation" in body["metadata"]:
            body["metadata"]["generation"] += 1
        return self.store.put(target.group, target.plural, body)

    def delete(self, target, user):
        with self.store.lock:
            old = self.get(target)
            self._admit(target, old, None, user)
            if target.plural == "namespaces":
                if target.name in ("default", "kube-system", "kube-public"):
                    raise Refusal(403, f'namespaces "{target.name}" is forbidden: this namespace '
                                  "may not be deleted")
                for table in list(self.store.objects):
                    for space, name in list(self.store.objects[table]):
                        if space == target.name:
                            self.store.delete(*table, space, name)
            self.store.delete(target.group, target.plural, target.namespace, target.name)
        if target.plural == "pods":
            return old
        return api_status.success({"name": target.name, "kind": target.plural,
                                   "uid": old["metadata"].get("uid", "")})

    # -- rules of single kinds

    def _check_type(self, target, body):
        if not isinstance(body, dict):
            raise Refusal(400, "the object provided is unrecognized (must be of type "
                          f"{target.kind.kind})")
        want = api_kinds.api_version(target.kind)
        have = body.get("apiVersion") or want
        if body.get("kind", target.kind.kind) != target.kind.kind or have != want:
            raise Refusal(400, f"{target.kind.kind} in version \"{target.version}\" cannot be "
                          f"handled as a {body.get('kind')}: no kind \"{body.get('kind')}\" is "
                          f"registered for version \"{have}\"")
        body["apiVersion"], body["kind"] = want, target.kind.kind
        if not isinstance(body.get("metadata", {}), dict):
            raise Refusal(400, "metadata is not an object")

    def _prepare(self, target, body, user):
        if target.plural == "certificatesigningrequests":
            spec = body.setdefault("spec", {})
            spec.update(username=user.name, groups=list(user.groups))
            body["status"] = {}
        elif target.plural == "secrets":
            body.setdefault("type", "Opaque")
            _fold_string_data(body)
        elif target.plural == "customresourcedefinitions":
            body["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        elif target.plural == "namespaces":
            body["status"] = {"phase": "Active"}
        elif target.plural == "pods":
            body.setdefault("status", {"phase": "Pending"})

    def _admit(self, target, old, new, user):
        """NodeRestriction, RBAC escalation, CSR approval and a few validations."""
        name = target.name or (new or {}).get("metadata", {}).get("name")
        if user.name.startswith("system:node:") and "system:nodes" in user.groups:
            _node_restriction(target, old, new, name, user.name[len("system:node:"):])
        if new is None:
            return
        if target.group == RBAC:
            self._escalation(target, new, user)
        if target.plural == "certificatesigningrequests":
            self._csr(target, old, new, user)
        if target.plural == "secrets":
            for key, value in (new.get("data") or {}).items():
                try:
                    base64.b64decode(value, validate=True)
                except (ValueError, TypeError) as error:
                    raise Refusal(400, "Secret in version \"v1\" cannot be handled as a Secret: "
                                  f"illegal base64 data at input byte 0 ({key})") from error

    def _escalation(self, target, new, user):
        namespace = target.namespace
        if "subjects" in new or "roleRef" in new:
            ref = new.get("roleRef", {})
            plural = "clusterroles" if ref.get("kind") == "ClusterRole" else "roles"
            if self.auth.may(user, "bind", RBAC, plural, ref.get("name"), namespace):
                return
            role = self.store.get(RBAC, plural, None if plural == "clusterroles" else namespace,
                                  ref.get("name"))
            if role is None and "system:masters" not in user.groups:
                raise Refusal(404, f'{plural}.{RBAC} "{ref.get("name")}" not found')
            rules = (role or {}).get("rules")
        else:
            rules = new.get("rules")
        if not self.auth.grants_no_more(user, rules, namespace):
            raise Refusal(403, f'{target.plural}.{RBAC} "{new["metadata"]["name"]}" is forbidden: '
                          f'user "{user.name}" (groups={list(user.groups)}) is attempting to '
                          "grant RBAC permissions not currently held")

    def _csr(self, target, old, new, user):
        if old is None:
            spec = new.get("spec", {})
            if not spec.get("signerName"):
                raise api_status.invalid(target, "CertificateSigningRequest",
                                         new["metadata"].get("name"),
                                         [("spec.signerName", "Required value")])
            if not spec.get("request"):
                raise api_status.invalid(target, "CertificateSigningRequest",
                                         new["metadata"].get("name"),
                                         [("spec.request", "Required value")])
        if target.sub == "approval":
            signer = old["spec"]["signerName"]
            domain = signer.split("/")[0] + "/*"
            if not any(self.auth.may(user, "approve", CSR, "signers", entry)
                       for entry in (signer, domain)):
                raise Refusal(403, f'{target.plural}.{CSR} "{target.name}" is forbidden: user not '
                              f'permitted to approve requests with signerName "{signer}"')


def _fold_string_data(body):
    for key, value in (body.pop("stringData", None) or {}).items():
        body.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _node_restriction(target, old, new, name, node):
    if target.plural == "nodes" and name != node:
        raise Refusal(403, f'nodes "{name}" is forbidden: node "{node}" is not allowed to modify '
                      f'node "{name}"')
    if target.plural == "nodes" and new is not None and not target.sub:
        before = set((old or {}).get("metadata", {}).get("labels") or {})
        for label in set(new["metadata"].get("labels") or {}) - before:
            prefix = label.split("/")[0] if "/" in label else ""
            if prefix.endswith("node-restriction.kubernetes.io") or prefix in (
                    "node-role.kubernetes.io",):
                raise Refusal(403, f'nodes "{name}" is forbidden: is not allowed to modify labels:'
                              f" {label}")
    if target.plural == "leases" and name != node:
        raise Refusal(403, f'leases.coordination.k8s.io "{name}" is forbidden: can only access '
                      "node lease with the same name as the requesting node")
    if target.plural == "pods":
        pod = new or old or {}
        if (pod.get("spec") or {}).get("nodeName") != node:
            raise Refusal(403, f'pods "{name}" is forbidden: node "{node}" can only create or '
                          "change pods with spec.nodeName set to itself")
