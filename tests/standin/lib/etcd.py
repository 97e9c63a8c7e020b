"""etcd's v3 API as JSON over HTTPS (its own gateway), as much as the stand-in needs.

A Client may be used by many threads; each request has a connection of its own for as long as it
lasts. Unavailable: no answer, or etcd without a leader.
"""
import base64
import http.client
import json
import ssl
import threading
import urllib.parse

import conf


class Unavailable(Exception):
    """What is asked for cannot be had from this etcd now."""


def encode(text):
    return base64.b64encode(text.encode()).decode()


def decode(text):
    return base64.b64decode(text).decode()


class Client:
    def __init__(self, url, ca, cert, key, timeout=7.0):
        """`ca`, `cert`, `key`: paths of the machine. `timeout`: that of the real API server."""
        address = urllib.parse.urlsplit(url)
        self.host, self.port, self.timeout = address.hostname, address.port, timeout
        self.context = ssl.create_default_context(cafile=conf.root(ca))
        self.context.load_cert_chain(conf.root(cert), conf.root(key))
        self.idle, self.lock = [], threading.Lock()

    def _connect(self, timeout):
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout,
                                           context=self.context)

    @staticmethod
    def _send(connection, path, body):
        connection.request("POST", "/v3/" + path, json.dumps(body),
                           {"Content-Type": "application/json"})
        return connection.getresponse()

    def _answer(self, connection, path, body):
        answer = self._send(connection, path, body)
        raw = answer.read()
        try:
            result = json.loads(raw)
        except ValueError as error:
            raise Unavailable(f"etcd answered {answer.status}") from error
        if answer.status != 200:
            raise Unavailable(result.get("error") or f"etcd answered {answer.status}")
        return result

    def call(self, path, body):
        """The answer's object. A connection that has gone idle for too long is not worth an error."""
        with self.lock:
            connection = self.idle.pop() if self.idle else None
        while True:
            fresh = connection is None
            if fresh:
                connection = self._connect(self.timeout)
            try:
                result = self._answer(connection, path, body)
            except (http.client.RemoteDisconnected, ConnectionError) as error:
                connection.close()
                if fresh:
                    raise Unavailable(str(error)) from error
                connection = None
                continue
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                raise Unavailable(str(error)) from error
            except Unavailable:
                connection.close()
                raise
            with self.lock:
                self.idle.append(connection)
            return result

    def watch(self, prefix, revision):
        """Every answer from `revision` on, until the connection ends (Unavailable)."""
        connection = self._connect(None)
        try:
            answer = self._send(connection, "watch", {"create_request": {
                "key": encode(prefix), "range_end": encode(prefix_end(prefix)),
                "start_revision": str(revision)}})
            for line in answer:
                yield json.loads(line).get("result", {})
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(str(error)) from error
        finally:
            connection.close()
        raise Unavailable("the watch ended")


def prefix_end(prefix):
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
