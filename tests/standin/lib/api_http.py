"""HTTP/1.1 over TLS for the API server: requests, answers, watches.

A client certificate that the cluster CA did not sign ends in a TLS alert here, where the
real server would answer 401.
"""
import http.server
import json
import select
import socket
import socketserver
import ssl
import time
import traceback
import urllib.parse
import uuid

import api_kinds
import wire
from api_status import Refusal
from api_store import Gone

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
        return self.rfile.read(length) if length else b""

    def _parsed(self, raw):
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
            raw = self._body()
            body = self._parsed(raw)
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
