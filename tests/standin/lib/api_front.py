"""The API server of a further control plane. The stand-in has one store, that of the first
control plane; this one authenticates by TLS and passes requests on, as a front proxy does
(X-Remote-User, X-Remote-Group). With the first one gone it answers as a member without
quorum would: an error."""
import http.client
import ssl
import urllib.parse

import api_status
import conf
from api_auth import Auth

HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host", "authorization",
       "x-remote-user", "x-remote-group")


class Front:
    def __init__(self, upstream, flags):
        url = urllib.parse.urlsplit(upstream)
        self.host, self.port = url.hostname, url.port
        self.auth = Auth(None)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_verify_locations(conf.root(flags["client-ca-file"]))
        self.context.load_cert_chain(conf.root(flags["proxy-client-cert-file"]),
                                     conf.root(flags["proxy-client-key-file"]))

    def pass_on(self, handler, raw):
        """Ask upstream, send what it says, piece by piece (a watch has no end)."""
        peer = handler.request.getpeercert()
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in HOP}
        user = self.auth.of_certificate(peer) if peer else None
        upstream = http.client.HTTPSConnection(self.host, self.port, context=self.context,
                                               timeout=3600)
        try:
            upstream.putrequest(handler.command, handler.path)
            for name, value in headers.items():
                upstream.putheader(name, value)
            if user:
                upstream.putheader("X-Remote-User", user.name)
                for group in user.groups:
                    upstream.putheader("X-Remote-Group", group)
            else:  # the first one judges tokens
                upstream.putheader("Authorization", handler.headers.get("Authorization") or "")
                upstream.putheader("X-Remote-User", "")
            upstream.putheader("Content-Length", str(len(raw)))
            upstream.endheaders(raw)
            answer = upstream.getresponse()
        except (OSError, http.client.HTTPException) as error:
            upstream.close()
            raise api_status.Refusal(500, "etcdserver: request timed out, possibly due to "
                                     "connection lost") from error
        try:
            self._send(handler, answer)
        finally:
            upstream.close()

    @staticmethod
    def _send(handler, answer):
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                handler.send_header(name, value)
        length = answer.getheader("Content-Length")
        if length is not None:
            handler.send_header("Content-Length", length)
            handler.end_headers()
            handler.wfile.write(answer.read())
            return
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            part = answer.read1(65536)
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.flush()
            if not part:
                return
