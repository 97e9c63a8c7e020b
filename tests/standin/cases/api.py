import json
import os
import signal
import threading
import unittest

import wire
from node import FLANNEL, Node, wait_for

SECRETS = "/api/v1/namespaces/kube-system/secrets"
MAPS = "/api/v1/namespaces/default/configmaps"


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cp = Node("cp")
        cls.addClassCleanup(cls.cp.close)
        done = cls.cp.init()
        assert done.code == 0, done.text
        cls.admin = wire.Client.load(cls.cp.path("/etc/kubernetes/admin.conf"))

    def client(self, token=None, kubeconfig=None):
        if kubeconfig:
            return wire.Client(wire.Kubeconfig(kubeconfig))
        ca = self.cp.read("/etc/kubernetes/pki/ca.crt").encode()
        return wire.Client(wire.Kubeconfig(wire.kubeconfig_text(
            f"https://127.0.0.1:{self.cp.port}", ca, "x", token=token)))

    def user(self, name, *orgs):
        words = [w for org in orgs for w in ("--org", org)]
        done = self.cp.kubeadm("kubeconfig", "user", "--client-name", name, "--config",
                               self.cp.path("/root/init.yaml"), *words)
        self.assertEqual(0, done.code, done.text)
        return self.client(kubeconfig=done.out)

    def refused(self, code, reason, text, call, *words, **kw):
        with self.assertRaises(wire.ApiError) as caught:
            call(*words, **kw)
        self.assertEqual((code, reason), (caught.exception.code, caught.exception.reason))
        self.assertIn(text, str(caught.exception))

    @staticmethod
    def a_map(name, **data):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}

    def a_pod(self, name, **labels):
        pod = self.admin.create("/api/v1/namespaces/default/pods", {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
            "spec": {"containers": [{"name": "c", "image": "i"}]}})
        self.admin.merge(f"/api/v1/namespaces/default/pods/{name}/status", {"status": {
            "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
        return pod

    def test_evicts_what_budgets_allow(self):
        self.a_pod("web-0", app="web")
        self.a_pod("web-1", app="web")
        self.admin.create("/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}})
        path = "/api/v1/namespaces/default/pods/%s/eviction"
        self.assertEqual("Success", self.admin.create(path % "web-0", self.eviction("web-0"))["status"])
        self.refused(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's "
                     "disruption budget.", self.admin.create, path % "web-1",
                     self.eviction("web-1"))
        self.refused(404, "NotFound", 'pods "web-0" not found', self.admin.create, path % "web-0",
                     self.eviction("web-0"))
        self.refused(403, "Forbidden", 'cannot create resource "pods/eviction"',
                     self.user("nobody").create, path % "web-1", self.eviction("web-1"))

    @staticmethod
    def eviction(name):
        return {"apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": name, "namespace": "default"}}

    def test_refuses_as_the_real_one_does(self):
        self.refused(401, "Unauthorized", "Unauthorized",
                     self.client("abcdef.0123456789abcdef").get, "/api/v1/nodes")
        self.refused(403, "Forbidden", 'nodes is forbidden: User "system:anonymous" cannot list '
                     'resource "nodes" in API group "" at the cluster scope',
                     self.client().get, "/api/v1/nodes")
        self.refused(403, "Forbidden", 'secrets "x" is forbidden: User "kagent:agent" cannot get '
                     'resource "secrets" in API group "" in the namespace "kube-system"',
                     self.user("kagent:agent").get, SECRETS + "/x")
        self.refused(404, "NotFound", 'nodes "nobody" not found', self.admin.get,
                     "/api/v1/nodes/nobody")
        self.refused(404, "NotFound", "the server could not find the requested resource",
                     self.admin.get, "/apis/example.com/v1/things")
        self.admin.create(MAPS, self.a_map("twice"))
        self.refused(409, "AlreadyExists", 'configmaps "twice" already exists',
                     self.admin.create, MAPS, self.a_map("twice"))
        self.refused(422, "Invalid", 'ConfigMap "Not_a_name" is invalid: metadata.name',
                     self.admin.create, MAPS, self.a_map("Not_a_name"))
        self.refused(404, "NotFound", 'namespaces "nowhere" not found', self.admin.create,
                     "/api/v1/namespaces/nowhere/configmaps", self.a_map("x"))

    def test_an_old_version_is_a_conflict(self):
        made = self.admin.create(MAPS, self.a_map("versioned", a="1"))
        new = self.admin.request("PUT", MAPS + "/versioned", dict(made, data={"a": "2"}))
        self.assertNotEqual(made["metadata"]["resourceVersion"],
                            new["metadata"]["resourceVersion"])
        self.refused(409, "Conflict", "the object has been modified; please apply your changes",
                     self.admin.request, "PUT", MAPS + "/versioned", dict(made, data={"a": "3"}))

    def test_rbac_grants_by_group_and_no_more(self):
        self.admin.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
            "kind": "ClusterRole", "metadata": {"name": "readers"},
            "rules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["nodes"]}]})
        self.admin.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
            "kind": "ClusterRoleBinding", "metadata": {"name": "readers"},
            "roleRef": {"kind": "ClusterRole", "name": "readers"},
            "subjects": [{"kind": "Group", "name": "readers"}]})
        reader = self.user("somebody", "readers")
        self.assertTrue(reader.get("/api/v1/nodes")["items"])
        self.refused(403, "Forbidden", 'cannot delete resource "nodes"', reader.request,
                     "DELETE", "/api/v1/nodes/cp")

    def test_a_right_on_one_object_is_for_who_selects_it(self):
        rbac, in_system = "/apis/rbac.authorization.k8s.io/v1", "/namespaces/kube-system"
        self.admin.create(rbac + in_system + "/roles", {
            "kind": "Role", "metadata": {"name": "one"}, "rules": [{
                "verbs": ["list"], "apiGroups": [""], "resources": ["serviceaccounts"],
                "resourceNames": ["default"]}]})
        self.admin.create(rbac + in_system + "/rolebindings", {
            "kind": "RoleBinding", "metadata": {"name": "one"},
            "roleRef": {"kind": "Role", "name": "one"},
            "subjects": [{"kind": "Group", "name": "one"}]})
        reader, accounts = self.user("somebody", "one"), "/api/v1" + in_system + "/serviceaccounts"
        self.assertEqual(1, len(reader.get(
            accounts + "?fieldSelector=metadata.name%3Ddefault")["items"]))
        self.refused(403, "Forbidden", "cannot list", reader.get, accounts)

    def test_a_bootstrap_token_may_little(self):
        token = self.cp.kubeadm("token", "create").out.strip()
        client = self.client(token)
        self.assertEqual("kubeadm-config", client.get(
            "/api/v1/namespaces/kube-system/configmaps/kubeadm-config")["metadata"]["name"])
        self.refused(403, "Forbidden", "cannot list", client.get, SECRETS)
        self.refused(403, "Forbidden", "cannot create", client.create, "/api/v1/nodes",
                     {"metadata": {"name": "x"}})

    def test_a_kubelet_changes_no_node_but_its_own(self):
        other = self.user("system:node:other", "system:nodes")
        self.refused(403, "Forbidden", 'node "other" is not allowed to modify node "cp"',
                     other.strategic, "/api/v1/nodes/cp/status", {"status": {}})

    def test_a_csr_for_another_signer_or_subject_waits(self):
        import base64
        import pki
        token = self.cp.kubeadm("token", "create").out.strip()
        path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
        csr = pki.make_csr(pki.new_ec_key(), "admin", ["system:masters"])
        self.client(token).create(path, {"metadata": {"name": "greedy"}, "spec": {
            "request": base64.b64encode(csr).decode(), "usages": ["client auth"],
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet"}})
        self.admin.create(MAPS, self.a_map("a-turn-of-the-controller"))
        self.assertFalse(wait_for(lambda: self.admin.get(path + "/greedy")["status"], 1.0))

    def test_watch_tells_every_change(self):
        seen = []
        revision = self.admin.get(MAPS)["metadata"]["resourceVersion"]
        response = self.admin.open(
            "GET", f"{MAPS}?watch=1&resourceVersion={revision}&fieldSelector=metadata.name%3Dw")

        def read():
            for line in response:
                event = json.loads(line)
                seen.append((event["type"], event["object"]["metadata"]["name"]))
                if len(seen) == 3:
                    return

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self.admin.create(MAPS, self.a_map("unwatched"))
        self.admin.create(MAPS, self.a_map("w", a="1"))
        self.admin.merge(MAPS + "/w", {"data": {"a": "2"}})
        self.admin.request("DELETE", MAPS + "/w")
        reader.join(10)
        response.owner.close()
        self.assertEqual([("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")], seen)

    def test_a_restart_keeps_everything(self):
        self.admin.create(MAPS, self.a_map("lasting", a="1"))
        os.kill(self.cp.pid("kube-apiserver"), signal.SIGKILL)

        def found():
            try:
                return self.admin.get(MAPS + "/lasting")["data"] == {"a": "1"}
            except wire.ConnectError:
                return False

        self.assertTrue(wait_for(found))

    def test_kubectl(self):
        self.cp.kubectl("apply", "-f", FLANNEL)
        again = self.cp.kubectl("apply", "-f", FLANNEL)
        self.assertIn("daemonset.apps/kube-flannel-ds unchanged", again.out)
        late = self.cp.kubectl("wait", "--for=condition=Ready", "node/none", "--timeout=1s")
        self.assertEqual((1, 'Error from server (NotFound): nodes "none" not found\n'),
                         (late.code, late.err))
        bad = self.cp.kubectl("apply", "-f", "-", stdin="apiVersion: a/v1\nkind: B\n"
                              "metadata: {name: c}\n")
        self.assertIn('no matches for kind "B" in version "a/v1"', bad.err)
        self.assertTrue(wait_for(lambda: "Ready" in self.cp.kubectl("get", "nodes").out.split()))

    def test_kubectl_asks_the_terminal_for_a_user_where_none_is(self):
        shown = self.cp.kubectl("config", "view", "--raw").out
        config = wire.load_yaml(shown)
        config["users"] = []
        path = self.cp.write("/root/nobody.conf", wire.dump_yaml(config))
        done = self.cp.run("kubectl", "--kubeconfig", path, "get", "--raw", "/version", stdin="")
        self.assertEqual((1, "Please enter Username: ", "error: EOF\n"),
                         (done.code, done.out, done.err))
        config["users"] = [{"name": config["contexts"][0]["context"]["user"],
                            "user": {"token": "nobody"}}]
        self.cp.write("/root/nobody.conf", wire.dump_yaml(config))
        done = self.cp.run("kubectl", "--kubeconfig", path, "get", "--raw", "/version", stdin="")
        self.assertEqual((1, "error: You must be logged in to the server (Unauthorized)\n"),
                         (done.code, done.err))

    def test_kubectl_applies_large_kinds_on_the_server_only(self):
        kind = wire.dump_yaml({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "larges.example.com"}, "spec": {
                "group": "example.com", "scope": "Cluster",
                "names": {"plural": "larges", "kind": "Large"},
                "versions": [{"name": "v1", "schema": {"description": "x" * 300000}}]}})
        refused = self.cp.kubectl("apply", "-f", "-", stdin=kind)
        self.assertIn("metadata.annotations: Too long: must have at most 262144 bytes", refused.err)
        for _ in range(2):
            done = self.cp.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-",
                                   stdin=kind)
            self.assertEqual((0, "customresourcedefinition.apiextensions.k8s.io/larges.example.com "
                              "serverside-applied\n"), (done.code, done.out), done.err)
        done = self.cp.kubectl("wait", "--for=condition=Established", "crd", "--all",
                               "--timeout=5s")
        self.assertEqual(0, done.code, done.text)
        done = self.cp.kubectl("apply", "--server-side", "-f", "-", stdin="apiVersion: "
                               "example.com/v1\nkind: Large\nmetadata: {name: a}\n")
        self.assertEqual(0, done.code, done.text)
        refused = self.cp.kubectl("drain", "cp")
        self.assertIn("cannot delete DaemonSet-managed Pods", refused.err)
        self.assertEqual(0, self.cp.kubectl("drain", "cp", "--ignore-daemonsets").code)
        self.assertIn("Ready,SchedulingDisabled", self.cp.kubectl("get", "nodes").out)
        self.assertEqual("node/cp uncordoned\n", self.cp.kubectl("uncordon", "cp").out)
        nowhere = self.cp.run("kubectl", "--kubeconfig", "/nowhere", "get", "nodes")
        self.assertEqual(1, nowhere.code)
