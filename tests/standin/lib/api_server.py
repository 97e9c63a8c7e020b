"""The stand-in API server: the REST paths of Kubernetes 1.22 over TLS.

Started by the stand-in kubelet from /etc/kubernetes/manifests/kube-apiserver.yaml, with
that manifest's flags.
"""
import copy
import os
import signal
import socket
import ssl
import sys
import threading
import time
import uuid

import api_auth
import api_controllers
import api_evict
import api_kinds
import api_policy
import api_status
import conf
import etcd
from api_http import Server
from api_objects import Objects
from api_select import Selector
from api_status import Refusal
from api_store import Stale, Store
from wire import timestamp

VERSION_INFO = {
    "major": "1", "minor": "22", "gitVersion": conf.VERSION,
    "gitCommit": "b695d79d4f967c403a96986f1750a35eb75e75f1", "gitTreeState": "clean",
    "buildDate": "2021-11-17T15:42:41Z", "goVersion": "go1.16.10", "compiler": "gc",
    "platform": "linux/amd64"}
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Api:
    """Paths to verbs to objects."""

    def __init__(self, store):
        self.store = store
        self.auth = api_auth.Auth(store)
        self.objects = Objects(store, self.auth)
        self.ready = threading.Event()

    def handle(self, handler, user, path, query, body):
        """(code, body[, content type]); None when the handler has streamed the answer."""
        if path.startswith("/api"):
            self.store.sync()
        for _ in range(5):
            try:
                return self._handle(handler, user, path, query, copy.deepcopy(body))
            except Stale:
                pass
        raise Refusal(409, "the object has been modified; please apply your changes to the latest "
                      "version and try again")

    def _handle(self, handler, user, path, query, body):
        method = handler.command
        target = api_kinds.parse(path)
        if target is None or (target.kind is None and not self._review(target)):
            return self._plain(user, method, path)
        if self._review(target):
            return self._answer_review(user, target, body)
        if target.kind.namespaced and target.name and not target.namespace:
            raise api_status.no_such_resource()
        watch = query.get("watch") in ("1", "true")
        verb = VERBS.get(method) or ("watch" if watch else "get" if target.name else "list")
        if method == "DELETE" and not target.name:
            verb = "deletecollection"
        resource = target.plural + (f"/{target.sub}" if target.sub else "")
        selector = Selector(query, target.name)
        if not self.auth.may(user, verb, target.group, resource, selector.name(),
                             target.namespace):
            raise api_status.forbidden(user.name, verb, target)
        if target.sub == "eviction" and target.plural == "pods" and verb == "create":
            return 201, api_evict.evict(self.objects, target, body, user)
        if target.sub not in (None, "status", "approval", "finalize"):
            raise api_status.no_such_resource()
        return self._do(handler, user, target, verb, query, selector, body)

    def _do(self, handler, user, target, verb, query, selector, body):
        dry = query.get("dryRun") == "All"
        if verb == "get":
            return 200, self.objects.get(target)
        if verb in ("list", "watch"):
            if verb == "watch":
                handler.stream(self.store, target, selector, query)
                return None
            return 200, self._list(target, selector)
        if verb == "delete":
            return 200, self.objects.delete(target, user)
        if verb == "deletecollection":
            for obj in self._list(target, selector)["items"]:
                self.objects.delete(target._replace(name=obj["metadata"]["name"]), user)
            return 200, api_status.success({"kind": target.plural})
        if body is None:
            raise Refusal(400, "the request has no body")
        if dry:
            return 200, body
        if verb == "create":
            if target.name:
                raise Refusal(405, "the server does not allow this method on the requested "
                              "resource")
            return 201, self.objects.create(target, body, user)
        if verb == "update":
            return 200, self.objects.replace(target, body, user)
        content_type = (handler.headers.get("Content-Type") or "").split(";")[0]
        return 200, self.objects.patch(target, body, content_type, user)

    def _list(self, target, selector):
        items, revision = self.store.list(target.group, target.plural, target.namespace)
        return {"kind": target.kind.kind + "List",
                "apiVersion": api_kinds.api_version(target.kind),
                "metadata": {"resourceVersion": str(revision)},
                "items": [obj for obj in items if selector.fits(obj)]}

    # -- reviews: may I, may they

    @staticmethod
    def _review(target):
        return target.group == "authorization.k8s.io" and target.plural in (
            "selfsubjectaccessreviews", "subjectaccessreviews")

    def _answer_review(self, user, target, body):
        if not self.auth.may(user, "create", target.group, target.plural):
            raise api_status.forbidden(user.name, "create", target)
        spec = (body or {}).get("spec", {})
        if target.plural == "subjectaccessreviews":
            user = api_auth.User(spec.get("user", ""), tuple(spec.get("groups") or ()))
        asked = spec.get("resourceAttributes")
        if asked:
            resource = asked.get("resource", "") + (
                "/" + asked["subresource"] if asked.get("subresource") else "")
            allowed = self.auth.may(user, asked.get("verb"), asked.get("group", ""), resource,
                                    asked.get("name"), asked.get("namespace"))
        else:
            asked = spec.get("nonResourceAttributes") or {}
            allowed = self.auth.may_path(user, asked.get("verb"), asked.get("path", ""))
        body["status"] = {"allowed": allowed}
        return 201, body

    # -- health, version, discovery

    def _plain(self, user, method, path):
        path = path.rstrip("/") or "/"
        if not self.auth.may_path(user, method.lower(), path):
            raise api_status.forbidden_path(user.name, method.lower(), path)
        if path.split("/")[1] in ("healthz", "livez", "readyz"):
            if path.startswith("/readyz") and not self.ready.is_set():
                return 500, "[+]ping ok\n[-]poststarthook/rbac/bootstrap-roles failed\n" \
                            "readyz check failed\n", "text/plain; charset=utf-8"
            return 200, "ok", "text/plain; charset=utf-8"
        if path == "/version":
            return 200, VERSION_INFO
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups()}
        for prefix in ("/api/", "/apis/"):
            if path.startswith(prefix):
                resources = _resources(path[len(prefix):])
                if resources:
                    return 200, {"kind": "APIResourceList", "apiVersion": "v1",
                                 "groupVersion": path[len(prefix):], "resources": resources}
        raise api_status.no_such_resource()

    # -- first start

    def bootstrap(self):
        for name in api_policy.NAMESPACES:
            self._ensure({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
                          "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
        for obj in api_policy.ROLES + api_policy.BINDINGS:
            obj = dict(obj, metadata=dict(obj["metadata"], labels={
                "kubernetes.io/bootstrapping": "rbac-defaults"}))
            self._ensure(obj)
        self.ready.set()

    def _ensure(self, obj):
        group, _, version = obj["apiVersion"].rpartition("/")
        kind = api_kinds.BY_KIND[(group, version, obj["kind"])]
        meta = obj["metadata"]
        if self.store.get(group, kind.plural, meta.get("namespace"), meta["name"]) is None:
            meta.update(uid=str(uuid.uuid4()), creationTimestamp=timestamp())
            try:
                self.store.put(group, kind.plural, obj)
            except Stale:
                pass  # another API server, which starts too


def _groups():
    groups = {}
    for kind in api_kinds.BY_PLURAL.values():
        if kind.group:
            groups.setdefault(kind.group, []).append(kind.version)
    return [{"name": group, "versions": [{"groupVersion": f"{group}/{v}", "version": v}
                                         for v in sorted(set(versions))],
             "preferredVersion": {"groupVersion": f"{group}/{versions[0]}",
                                  "version": versions[0]}}
            for group, versions in groups.items()]


def _resources(group_version):
    verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    return [{"name": k.plural, "singularName": "", "namespaced": k.namespaced, "kind": k.kind,
             "shortNames": [k.short] if k.short else [], "verbs": verbs}
            for k in api_kinds.BY_PLURAL.values() if api_kinds.api_version(k) == group_version]


def hold_ports():
    """The ports that the scheduler and the controller manager would have."""
    held = []
    for port in (10257, 10259):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(1)
        held.append(sock)
    return held


def flags_of(argv):
    result = {}
    for word in argv:
        name, _, value = word.lstrip("-").partition("=")
        result[name] = value
    return result


def main(argv):
    flags = flags_of(argv)
    time.sleep(conf.seconds("apiserver_start_seconds"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(conf.root(flags["tls-cert-file"]),
                            conf.root(flags["tls-private-key-file"]))
    context.load_verify_locations(conf.root(flags["client-ca-file"]))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    api = Api(Store(etcd.Client(flags["etcd-servers"], flags["etcd-cafile"],
                                flags["etcd-certfile"], flags["etcd-keyfile"])))
    host = flags.get("bind-address") or ("127.0.0.1" if conf.rooted() else "")
    server = Server((host, int(flags.get("secure-port") or 6443)), api, context)
    held = [] if conf.rooted() else hold_ports()
    api.bootstrap()
    api_controllers.start(api, flags)
    conf.write_file(conf.root(conf.RUN_DIR + "/kube-apiserver.pid"), str(os.getpid()), 0o644)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"Serving securely on {host or '[::]'}:{server.server_address[1]}", file=sys.stderr,
          flush=True)
    server.serve_forever()
    del held
