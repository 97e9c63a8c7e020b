"""Objects, their revisions, and who waits for changes: the stand-in's etcd.

One lock guards everything. Each change is a line in a log file under /var/lib/etcd, on
disk before it is answered; the log is read and compacted at start.
"""
import collections
import copy
import json
import os
import threading

HISTORY = 4000  # events kept for watchers
HEARTBEATS = ("nodes", "leases", "pods", "events")  # their changes need not outlive a power cut


class Gone(Exception):
    """The wanted revision is older than the history."""


class Store:
    def __init__(self, folder):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.objects = collections.defaultdict(dict)  # (group, plural) -> {(ns, name): object}
        self.revision = 1
        self.oldest = 1
        self.history = collections.deque()
        self.path = os.path.join(folder, "member", "standin.log")
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        self._load()
        self.log = open(self.path, "a", encoding="utf-8")

    def _load(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                for line in file:
                    try:
                        revision, group, plural, namespace, name, obj = json.loads(line)
                    except ValueError:
                        break  # a torn last line: never answered
                    self.revision = max(self.revision, revision)
                    table = self.objects[(group, plural)]
                    if obj is None:
                        table.pop((namespace, name), None)
                    else:
                        table[(namespace, name)] = obj
        except FileNotFoundError:
            return
        self.oldest = self.revision
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            for (group, plural), table in self.objects.items():
                for (namespace, name), obj in table.items():
                    file.write(json.dumps([int(obj["metadata"]["resourceVersion"]), group, plural,
                                           namespace, name, obj]) + "\n")
            file.write(json.dumps([self.revision, "", "-", "", "", None]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)

    def _record(self, event, group, plural, namespace, name, obj):
        gone = event == "DELETED"
        self.log.write(json.dumps([self.revision, group, plural, namespace, name,
                                   None if gone else obj]) + "\n")
        self.log.flush()
        if plural not in HEARTBEATS or event != "MODIFIED":
            os.fdatasync(self.log.fileno())
        self.history.append((self.revision, event, group, plural, obj))
        while len(self.history) > HISTORY:
            self.oldest = self.history.popleft()[0]
        self.changed.notify_all()

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

    def put(self, group, plural, obj):
        """Store a new or changed object; returns the stored copy. Callers hold the lock from
        reading the old one to here."""
        with self.lock:
            obj = copy.deepcopy(obj)
            meta = obj["metadata"]
            key = (meta.get("namespace", ""), meta["name"])
            table = self.objects[(group, plural)]
            old = table.get(key)
            if old is not None and _same(old, obj):
                return old
            self.revision += 1
            meta["resourceVersion"] = str(self.revision)
            table[key] = obj
            self._record("ADDED" if old is None else "MODIFIED", group, plural, *key, obj)
            return obj

    def delete(self, group, plural, namespace, name):
        with self.lock:
            key = (namespace or "", name)
            obj = self.objects[(group, plural)].pop(key, None)
            if obj is None:
                return None
            self.revision += 1
            obj = copy.deepcopy(obj)
            obj["metadata"]["resourceVersion"] = str(self.revision)
            self._record("DELETED", group, plural, *key, obj)
            return obj

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
