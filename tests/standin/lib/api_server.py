"""The stand-in API server: the REST paths of Kubernetes 1.22 over TLS.

Started by the stand-in kubelet from /etc/kubernetes/manifests/kube-apiserver.yaml, with
that manifest's flags. HTTP/1.1 only. A client certificate that the cluster CA did not
sign ends in a TLS alert here, where the real server would answer 401.
"""
import http.server
import json
import os
import select
import signal
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

import api_auth
import api_controllers
import api_kinds
import api_policy
import api_status
import conf
import wire
from api_objects import Objects, timestamp
from api_select import Selector
from api_status import Refusal
from api_store import Gone, Store

VERSION_INFO = {
    "major": "1", "minor": "22", "gitVersion": conf.VERSION,
    "gitCommit": "b695d79d4f967c403a96986f1750a35eb75e75f1", "gitTreeState": "clean",
    "buildDate": "2021-11-17T15:42:41Z", "goVersion": "go1.16.10", "compiler": "gc",
    "platform": "linux/amd64"}
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
BODY_LIMIT = 3 * 1024 * 1024


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 300  # an idle connection
    disable_nagle_algorithm = True

    def setup(self):
        self.request.settimeout(10)
        self.request.do_handshake()
        super().setup()

    def log_message(self, *args):
        pass

    # -- answers

    def _answer(self, code, body, content_type="application/json"):
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Audit-Id", str(uuid.uuid4()))
        self.send_header("Cache-Control", "no-cache, private")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(raw)))
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="kubernetes-master"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _body(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self.close_connection = True
            raise Refusal(413, "Request entity too large: limit is 3145728",
                          "RequestEntityTooLarge")
        raw = self.rfile.read(length) if length else b""
        if not raw:
            return None
        kind = (self.headers.get("Content-Type") or "").split(";")[0]
        try:
            return wire.load_yaml(raw) if kind.endswith("yaml") else json.loads(raw)
        except Exception as error:  # whatever the parser says is the client's fault
            raise Refusal(400, f"couldn't get version/kind; json parse error: {error}") from error

    def _handle(self):
        api = self.server.api
        try:
            body = self._body()
            url = urllib.parse.urlsplit(self.path)
            query = {k: v[-1] for k, v in urllib.parse.parse_qs(url.query, True).items()}
            peer = self.request.getpeercert()
            user = api.auth.user(peer, self.headers.get("Authorization") or "")
            result = api.handle(self, user, urllib.parse.unquote(url.path), query, body)
            if result is not None:
                self._answer(*result)
        except Refusal as refusal:
            self._answer(refusal.code, refusal.body)
        except (BrokenPipeError, ConnectionError, ssl.SSLError, socket.timeout):
            self.close_connection = True
        except Exception as error:  # a bug of ours: say so, keep serving
            import traceback
            traceback.print_exc()
            self._answer(500, Refusal(500, f"Internal error occurred: {error}").body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

    # -- watch

    def stream(self, store, target, selector, query):
        """Send changes until the client goes or the time is over."""
        seconds = float(query.get("timeoutSeconds") or 1800)
        end = time.monotonic() + seconds
        wanted = query.get("resourceVersion") or "0"
        with store.lock:
            objects, revision = store.list(target.group, target.plural, target.namespace)
            if wanted == "0":
                first = [("ADDED", obj) for obj in objects if selector.fits(obj)]
            else:
                first, revision = [], int(wanted)
                if revision < store.oldest:
                    raise Refusal(410, f"too old resource version: {wanted} ({store.oldest})")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-cache, private")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event, obj in first:
            self._chunk({"type": event, "object": obj})
        shown = {_key(obj) for obj in objects if selector.fits(obj)}
        bookmark = time.monotonic() + 60
        while time.monotonic() < end and not self._gone():
            try:
                events, revision = store.events_after(revision, target.group, target.plural, 1.0)
            except Gone as error:
                self._chunk({"type": "ERROR", "object": Refusal(410, str(error)).body})
                break
            for _, event, obj in events:
                if target.namespace and obj["metadata"].get("namespace") != target.namespace:
                    continue
                self._event(event, obj, selector, shown)
            if query.get("allowWatchBookmarks") == "true" and time.monotonic() > bookmark:
                bookmark = time.monotonic() + 60
                self._chunk({"type": "BOOKMARK", "object": {
                    "kind": target.kind.kind, "apiVersion": api_kinds.api_version(target.kind),
                    "metadata": {"resourceVersion": str(revision)}}})
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, event, obj, selector, shown):
        """An object that comes into or leaves the selection is added or deleted for this one."""
        key, fits = _key(obj), selector.fits(obj)
        if event != "DELETED" and fits:
            event = "MODIFIED" if key in shown else "ADDED"
            shown.add(key)
        elif key in shown or (event == "DELETED" and fits):
            event = "DELETED"
            shown.discard(key)
        else:
            return
        self._chunk({"type": event, "object": obj})

    def _chunk(self, value):
        raw = json.dumps(value).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()

    def _gone(self):
        return bool(select.select([self.connection], [], [], 0)[0])


def _key(obj):
    return obj["metadata"].get("namespace"), obj["metadata"]["name"]


class Api:
    """Paths to verbs to objects."""

    def __init__(self, store):
        self.store = store
        self.auth = api_auth.Auth(store)
        self.objects = Objects(store, self.auth)
        self.ready = threading.Event()

    def handle(self, handler, user, path, query, body):
        """(code, body[, content type]); None when the handler has streamed the answer."""
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
        if not self.auth.may(user, verb, target.group, resource, target.name, target.namespace):
            raise api_status.forbidden(user.name, verb, target)
        if target.sub not in (None, "status", "approval", "finalize"):
            raise api_status.no_such_resource()
        return self._do(handler, user, target, verb, query, body)

    def _do(self, handler, user, target, verb, query, body):
        dry = query.get("dryRun") == "All"
        if verb == "get":
            return 200, self.objects.get(target)
        if verb in ("list", "watch"):
            selector = Selector(query, target.name)
            if verb == "watch":
                handler.stream(self.store, target, selector, query)
                return None
            return 200, self._list(target, selector)
        if verb == "delete":
            return 200, self.objects.delete(target, user)
        if verb == "deletecollection":
            selector = Selector(query, None)
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
        for crd in self.store.list("apiextensions.k8s.io", "customresourcedefinitions")[0]:
            api_kinds.add_crd(crd)
        self.ready.set()

    def _ensure(self, obj):
        group, _, version = obj["apiVersion"].rpartition("/")
        kind = api_kinds.BY_KIND[(group, version, obj["kind"])]
        meta = obj["metadata"]
        if self.store.get(group, kind.plural, meta.get("namespace"), meta["name"]) is None:
            meta.update(uid=str(uuid.uuid4()), creationTimestamp=timestamp())
            self.store.put(group, kind.plural, obj)


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


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, address, api, context):
        super().__init__(address, Handler, bind_and_activate=False)
        self.api = api
        self.context = context
        if not address[0]:
            self.socket.close()
            self.socket = socket.socket(socket.AF_INET6)
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.server_bind()
        self.server_activate()

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks the DNS for our name

    def get_request(self):
        raw, address = super().get_request()
        return self.context.wrap_socket(raw, server_side=True,
                                        do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass  # a failed handshake is the client's affair


def hold_ports():
    """The ports that etcd, the scheduler and the controller manager would have."""
    held = []
    for port in (2379, 2380, 10257, 10259):
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
    data = flags.get("standin-data-dir") or "/var/lib/etcd"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(conf.root(flags["tls-cert-file"]),
                            conf.root(flags["tls-private-key-file"]))
    context.load_verify_locations(conf.root(flags["client-ca-file"]))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    store = Store(conf.root(data))
    api = Api(store)
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
