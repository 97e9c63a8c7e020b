"""A Kubernetes REST client: one kubeconfig, one connection a request.

Errors carry the text the real client-go would print, since kagent and its tests read
them: ApiError for a Status object, ConnectError for everything below HTTP.
"""
import base64
import datetime
import http.client
import json
import os
import socket
import ssl
import tempfile
import time
import urllib.parse

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def timestamp(micro=False):
    return datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro
                                               else "%Y-%m-%dT%H:%M:%SZ")


def load_yaml(text):
    return yaml.load(text, Loader=LOADER)


def load_documents(text):
    return [doc for doc in yaml.load_all(text, Loader=LOADER) if doc is not None]


def dump_yaml(value):
    return yaml.dump(value, Dumper=DUMPER, default_flow_style=False, sort_keys=True)


class ApiError(Exception):
    """The server answered with a Status."""

    def __init__(self, code, status):
        self.code = code
        self.status = status if isinstance(status, dict) else {}
        self.reason = self.status.get("reason", "")
        super().__init__(self.status.get("message") or f"the server answered {code}")


class ConnectError(Exception):
    """No HTTP answer at all."""


class ConfigError(Exception):
    """The kubeconfig cannot be used."""


def _data(entry, name, base):
    inline = entry.get(name + "-data")
    if inline:
        return base64.b64decode(inline)
    path = entry.get(name)
    if not path:
        return None
    path = os.path.join(base, path)
    prefix = os.environ.get("STANDIN_ROOT", "")
    if prefix and not path.startswith(prefix):
        path = prefix + path
    with open(path, "rb") as file:
        return file.read()


class Kubeconfig:
    """One context of a kubeconfig file."""

    def __init__(self, text, base="/"):
        doc = load_yaml(text) or {}
        if not isinstance(doc, dict):
            raise ConfigError("error loading config file: not a mapping")
        self.doc = doc
        context = self._named("contexts", doc.get("current-context", ""), "context")
        self.namespace = context.get("namespace", "default")
        clusters = doc.get("clusters") or []
        name = context.get("cluster", "")
        cluster = self._named("clusters", name, "cluster")
        if not cluster and len(clusters) == 1 and not context:
            cluster = clusters[0].get("cluster") or {}
        self.cluster_name = name
        self.server = cluster.get("server", "")
        self.insecure = bool(cluster.get("insecure-skip-tls-verify"))
        self.ca = _data(cluster, "certificate-authority", base)
        self.user_name = context.get("user", "")
        user = self._named("users", self.user_name, "user")
        self.cert = _data(user, "client-certificate", base)
        self.key = _data(user, "client-key", base)
        self.token = user.get("token")

    def _named(self, section, name, inner):
        for entry in self.doc.get(section) or []:
            if entry.get("name", "") == name:
                return entry.get(inner) or {}
        return {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(file.read(), os.path.dirname(os.path.abspath(path)))

    def has_credentials(self):
        return bool(self.cert or self.token)


def kubeconfig_text(server, ca_pem, user, cluster="kubernetes", cert=None, key=None, token=None,
                    cert_path=None, context=None):
    """A kubeconfig as client-go writes it (keys sorted)."""
    auth = {}
    if cert_path:
        auth = {"client-certificate": cert_path, "client-key": cert_path}
    elif cert:
        auth = {"client-certificate-data": base64.b64encode(cert).decode(),
                "client-key-data": base64.b64encode(key).decode()}
    elif token:
        auth = {"token": token}
    context = context or f"{user}@{cluster}"
    return dump_yaml({
        "apiVersion": "v1", "kind": "Config", "preferences": {},
        "clusters": [{"name": cluster, "cluster": {
            "certificate-authority-data": base64.b64encode(ca_pem).decode(), "server": server}}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
        "users": [{"name": user, "user": auth}]})


def _tls_context(config):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if config.insecure or not config.ca:
        if not config.insecure:
            context.load_default_certs()
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    if config.ca and not config.insecure:
        context.load_verify_locations(cadata=config.ca.decode())
    if config.cert:
        # OpenSSL wants files; a private one lives only for this call.
        with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
            pem.write(config.cert + b"\n" + (config.key or b""))
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _tls_text(error, server):
    text = getattr(error, "verify_message", "") or str(error)
    if "expired" in text or "not yet valid" in text:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return f"x509: certificate has expired or is not yet valid: current time {now}"
    if "IP address mismatch" in text or "Hostname mismatch" in text:
        return f"x509: certificate is valid for other names, not {server}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ("x509: certificate signed by unknown authority (possibly because of "
                '"crypto/rsa: verification error" while trying to verify candidate '
                'authority certificate "kubernetes")')
    return f"remote error: tls: {text}"


class Client:
    def __init__(self, config, timeout=10):
        self.config = config
        self.timeout = timeout
        url = urllib.parse.urlsplit(config.server)
        if not url.hostname:
            raise ConfigError("invalid configuration: no server has been provided")
        self.host, self.port = url.hostname, url.port or 443
        self.context = _tls_context(config)

    @classmethod
    def load(cls, path, timeout=10):
        return cls(Kubeconfig.load(path), timeout)

    def open(self, method, path, body=None, content_type="application/json", timeout=None):
        """The raw response (for watches); raises on an error status."""
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=timeout or self.timeout, context=self.context)
        headers = {"Accept": "application/json", "User-Agent": "standin/v1.22.4"}
        if self.config.token:
            headers["Authorization"] = "Bearer " + self.config.token
        raw = None
        if body is not None:
            raw = json.dumps(body).encode()
            headers["Content-Type"] = content_type
        verb = method.capitalize()
        where = f'{verb} "{self.config.server}{path}"'
        try:
            connection.request(method, path, raw, headers)
            response = connection.getresponse()
        except ssl.SSLError as error:
            raise ConnectError(f"{where}: {_tls_text(error, self.host)}") from error
        except socket.timeout as error:
            raise ConnectError(f"{where}: context deadline exceeded "
                               "(Client.Timeout exceeded while awaiting headers)") from error
        except ConnectionRefusedError as error:
            raise ConnectError(f"{where}: dial tcp {self.host}:{self.port}: connect: "
                               "connection refused") from error
        except (OSError, http.client.HTTPException) as error:
            text = getattr(error, "strerror", None) or str(error) or "EOF"
            raise ConnectError(
                f"{where}: dial tcp {self.host}:{self.port}: connect: {text.lower()}") from error
        if response.status >= 400:
            text = response.read()
            connection.close()
            try:
                status = json.loads(text)
            except ValueError:
                status = {"message": text.decode(errors="replace")}
            raise ApiError(response.status, status)
        response.owner = connection
        return response

    def request(self, method, path, body=None, content_type="application/json", timeout=None):
        response = self.open(method, path, body, content_type, timeout)
        try:
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ConnectError(f'{method.capitalize()} "{self.config.server}{path}": '
                               f"unexpected EOF") from error
        finally:
            response.owner.close()
        if not raw:
            return None
        try:
            return json.loads(raw)
        except ValueError:
            return raw.decode(errors="replace")

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def create(self, path, body):
        return self.request("POST", path, body)

    def create_or_update(self, path, body):
        """POST; a PUT over it where it is there already (kubeadm's CreateOrUpdate)."""
        try:
            return self.create(path, body)
        except ApiError as error:
            if error.code != 409:
                raise
        return self.request("PUT", f"{path}/{body['metadata']['name']}", body)

    def merge(self, path, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def strategic(self, path, body):
        return self.request("PATCH", path, body, "application/strategic-merge-patch+json")
