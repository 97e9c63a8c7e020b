"""Objects, their revisions, and who waits for changes: kept in etcd, as the real API server keeps them,
with a copy here that a watch on etcd keeps up to date.

One lock guards the copy. A change is written only over what this copy has (Stale otherwise), and is in
the copy when put and delete return. Any number of API servers may share one etcd.
"""
import collections
import copy
import json
import threading
import time
import traceback

import api_kinds
import etcd
from api_status import Refusal

HISTORY = 4000  # events kept for watchers
PREFIX = "/registry/"


class Gone(Exception):
    """The wanted revision is older than the history."""


class Stale(Exception):
    """Another API server has changed the object meanwhile: to be read and decided anew."""


def _lost(error):
    return Refusal(500, f"etcdserver: request timed out, possibly due to connection lost: {error}")


def _key(group, plural, namespace, name):
    return f"{PREFIX}{group or 'core'}/{plural}/{namespace or '-'}/{name}"


def _parts(key):
    group, plural, namespace, name = key[len(PREFIX):].split("/", 3)
    return ("" if group == "core" else group), plural, ("" if namespace == "-" else namespace), name


class Store:
    def __init__(self, client):
        """Waits for as long as etcd has nothing to say."""
        self.etcd = client
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.objects = collections.defaultdict(dict)  # (group, plural) -> {(ns, name): object}
        self.history = collections.deque()
        while True:
            try:
                found = client.call("kv/range", {"key": etcd.encode(PREFIX),
                                                 "range_end": etcd.encode(etcd.prefix_end(PREFIX))})
                break
            except etcd.Unavailable:
                time.sleep(0.1)
        self.revision = self.oldest = int(found["header"]["revision"])
        for entry in found.get("kvs", ()):
            self._apply("PUT", entry)
        self.history.clear()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        while True:
            try:
                for result in self.etcd.watch(PREFIX, self.revision + 1):
                    with self.lock:
                        for event in result.get("events", ()):
                            self._apply(event.get("type", "PUT"), event["kv"])
                        self.changed.notify_all()
            except etcd.Unavailable:
                time.sleep(0.1)
            except Exception:  # a bug of ours: say so, go on
                traceback.print_exc()
                time.sleep(1)

    def _apply(self, kind, entry):
        group, plural, namespace, name = _parts(etcd.decode(entry["key"]))
        table = self.objects[(group, plural)]
        revision = int(entry["mod_revision"])
        if kind == "DELETE":
            event, obj = "DELETED", copy.deepcopy(table.pop((namespace, name), None))
        else:
            event = "MODIFIED" if (namespace, name) in table else "ADDED"
            obj = table[(namespace, name)] = json.loads(etcd.decode(entry["value"]))
        self.revision = max(self.revision, revision)
        if obj is None:
            return
        obj["metadata"]["resourceVersion"] = str(revision)
        if plural == "customresourcedefinitions" and event != "DELETED":
            api_kinds.add_crd(obj)
        self.history.append((revision, event, group, plural, obj))
        while len(self.history) > HISTORY:
            self.oldest = self.history.popleft()[0]

    def _reach(self, revision):
        """Until the copy has it. With the lock."""
        if not self.changed.wait_for(lambda: self.revision >= revision, self.etcd.timeout):
            raise _lost("the watch is late")

    def sync(self):
        """After this the copy has all that anybody was told before."""
        try:
            now = self.etcd.call("kv/range", {"key": etcd.encode(PREFIX), "count_only": True})
        except etcd.Unavailable as error:
            raise _lost(error) from error
        with self.lock:
            self._reach(int(now["header"]["revision"]))

    def get(self, group, plural, namespace, name):
        with self.lock:
            return self.objects[(group, plural)].get((namespace or "", name))

    def list(self, group, plural, namespace=None):
        """(objects, revision)"""
        with self.lock:
            table = self.objects[(group, plural)]
            found = [obj for (ns, _), obj in sorted(table.items())
                     if namespace is None or ns == namespace]
            return found, self.revision

    def _write(self, old, key, operation):
        """The revision of the write, when nobody else has written since `old` was read."""
        seen = old["metadata"]["resourceVersion"] if old else "0"
        try:
            answer = self.etcd.call("kv/txn", {
                "compare": [{"target": "MOD", "key": etcd.encode(key), "mod_revision": seen}],
                "success": [operation]})
        except etcd.Unavailable as error:
            raise _lost(error) from error
        self._reach(int(answer["header"]["revision"]))
        if not answer.get("succeeded"):
            raise Stale(key)
        return answer["header"]["revision"]

    def put(self, group, plural, obj):
        """Store a new or changed object; returns the stored copy. Callers hold the lock from
        reading the old one to here."""
        with self.lock:
            obj = copy.deepcopy(obj)
            meta = obj["metadata"]
            namespace, name = meta.get("namespace", ""), meta["name"]
            old = self.get(group, plural, namespace, name)
            read = meta.pop("resourceVersion", None)
            if read and (old is None or read != old["metadata"]["resourceVersion"]):
                raise Stale(name)
            if old is not None and _same(old, obj):
                return old
            key = _key(group, plural, namespace, name)
            revision = self._write(old, key, {"request_put": {
                "key": etcd.encode(key), "value": etcd.encode(json.dumps(obj))}})
            meta["resourceVersion"] = revision
            return obj

    def delete(self, group, plural, namespace, name):
        with self.lock:
            old = self.get(group, plural, namespace, name)
            if old is None:
                return None
            key = _key(group, plural, namespace, name)
            revision = self._write(old, key, {"request_delete_range": {"key": etcd.encode(key)}})
            return dict(old, metadata=dict(old["metadata"], resourceVersion=revision))

    def events_after(self, revision, group, plural, timeout):
        """([(revision, type, object)], new revision), waiting up to `timeout` for one."""
        with self.lock:
            if revision < self.oldest:
                raise Gone(f"too old resource version: {revision} ({self.oldest})")
            if revision >= self.revision:
                self.changed.wait(timeout)
            found = []
            for entry in reversed(self.history):
                if entry[0] <= revision:
                    break
                if entry[2] == group and entry[3] == plural:
                    found.append((entry[0], entry[1], entry[4]))
            found.reverse()
            return found, max(revision, self.revision)

    def wait(self, timeout):
        with self.lock:
            self.changed.wait(timeout)


def _same(old, new):
    if len(old) != len(new):
        return False
    left, right = dict(old), dict(new)
    left["metadata"] = {k: v for k, v in old["metadata"].items() if k != "resourceVersion"}
    right["metadata"] = {k: v for k, v in new["metadata"].items() if k != "resourceVersion"}
    return left == right
