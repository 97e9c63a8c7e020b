import os
import unittest

from node import FLANNEL, Node, wait_for


class Join(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cp = Node("cp")
        cls.addClassCleanup(cls.cp.close)
        done = cls.cp.init()
        assert done.code == 0, done.text
        cls.hash = cls.cp.kubeadm("token", "create", "--print-join-command").out.split()[-1]
        cls.cp.kubectl("apply", "-f", FLANNEL)
        cls.info = cls.cp.kubectl("-n", "kube-public", "get", "cm", "cluster-info", "-o",
                                  "jsonpath={.data.kubeconfig}").out

    def setUp(self):
        self.node = Node(self._testMethodName.replace("_", "-")[5:40].strip("-"))
        self.addCleanup(self.node.close)

    def token(self, *words):
        done = self.cp.kubeadm("token", "create", *words)
        self.assertEqual(0, done.code, done.text)
        return done.out.strip()

    def by_file(self, token):
        self.node.write("/etc/discovery.conf", self.info)
        return f"  file: {{kubeConfigPath: /etc/discovery.conf}}\n  tlsBootstrapToken: {token}"

    def by_token(self, token, pin=None):
        return (f"  bootstrapToken: {{apiServerEndpoint: '127.0.0.1:{self.cp.port}', "
                f"token: {token}, caCertHashes: ['{pin or self.hash}']}}")

    def refused(self, done, text):
        self.assertEqual(1, done.code, done.text)
        self.assertIn(text, done.err)
        self.assertIn("To see the stack trace of this error execute with --v=5", done.err)
        self.assertFalse(os.path.exists(self.node.path("/etc/kubernetes/kubelet.conf")))

    def test_by_file_gets_a_certificate_and_ready(self):
        done = self.node.join(self.by_file(self.token()))
        self.assertEqual(0, done.code, done.text)
        self.assertIn("This node has joined the cluster:", done.out)
        self.assertFalse(os.path.exists(self.node.path("/etc/kubernetes/bootstrap-kubelet.conf")))
        ready = self.node.run("kubectl", "--kubeconfig",
                              self.node.path("/etc/kubernetes/kubelet.conf"), "wait",
                              "--for=condition=Ready", "node/" + self.node.name, "--timeout=10s")
        self.assertEqual(f"node/{self.node.name} condition met\n", ready.out, ready.err)
        self.assertIn("Approved,Issued", self.cp.kubectl("get", "csr").out)
        again = self.node.join(self.by_file(self.token()))
        self.assertIn("[ERROR FileAvailable--etc-kubernetes-kubelet.conf]: "
                      "/etc/kubernetes/kubelet.conf already exists", again.err)
        other = Node(self.node.name)
        self.addCleanup(other.close)
        other.write("/etc/discovery.conf", self.info)
        taken = other.join(self.by_file(self.token()))
        self.assertIn(f'a Node with name "{self.node.name}" and status "Ready" already exists in '
                      "the cluster", taken.err)

    def test_by_token(self):
        done = self.node.join(self.by_token(self.token()))
        self.assertEqual(0, done.code, done.text)

    def test_a_token_that_expires_is_refused(self):
        token = self.token("--ttl", "1s")
        secret = "bootstrap-token-" + token.split(".")[0]
        wait_for(lambda: self.cp.kubectl("-n", "kube-system", "get", "secret", secret).code)
        self.refused(self.node.join(self.by_file(token)),
                     "error execution phase preflight: unable to fetch the kubeadm-config "
                     "ConfigMap: failed to get config map: Unauthorized")

    def test_a_deleted_token_is_refused(self):
        token = self.token()
        self.assertIn("deleted", self.cp.kubeadm("token", "delete", token).out)
        self.refused(self.node.join(self.by_file(token)), "Unauthorized")
        self.refused(self.node.join(self.by_token(token)),
                     "couldn't validate the identity of the API Server: could not find a JWS "
                     "signature in the cluster-info ConfigMap for token ID")

    def test_a_wrong_secret_is_refused(self):
        token = self.token().split(".")[0] + ".0000000000000000"
        self.refused(self.node.join(self.by_file(token)), "Unauthorized")
        self.refused(self.node.join(self.by_token(token)), "failed to verify JWS signature")

    def test_a_token_without_the_group_is_refused(self):
        token = self.token("--groups", "system:bootstrappers:other")
        self.refused(self.node.join(self.by_file(token)), "is forbidden: User "
                     f'"system:bootstrap:{token.split(".")[0]}" cannot get resource "configmaps"')

    def test_a_wrong_ca_hash_is_refused(self):
        self.refused(self.node.join(self.by_token(self.token(), "sha256:" + "0" * 64)),
                     "cluster CA found in cluster-info ConfigMap is invalid: none of the public "
                     "keys")

    def test_a_wrong_ca_in_the_file_is_refused(self):
        stranger = Node("stranger")
        self.addCleanup(stranger.close)
        stranger.kubeadm("init", "phase", "certs", "--config", stranger.init_file())
        import base64
        ca = base64.b64encode(stranger.read("/etc/kubernetes/pki/ca.crt").encode()).decode()
        discovery = self.by_file(self.token())
        self.node.write("/etc/discovery.conf", "clusters: [{name: '', cluster: {server: 'https://"
                        f"127.0.0.1:{self.cp.port}', certificate-authority-data: {ca}}}}}]")
        self.refused(self.node.join(discovery), "Abort reading the cluster-info ConfigMap after "
                     "timeout of 1s")

    def test_an_unknown_field_is_refused(self):
        done = self.node.join(self.by_file(self.token()), "colour: blue")
        self.assertIn('json: unknown field "colour"', done.err)
        self.assertEqual(1, done.code)

    def test_a_document_without_discovery_ends_with_3(self):
        done = self.node.join("")
        self.assertEqual(3, done.code)
        self.assertIn("bootstrapToken or file must be set", done.err)
        done = self.node.join("  file: {kubeConfigPath: /nowhere}")
        self.assertIn("not a valid HTTPS URL or a file on disk", done.err)

    def test_a_half_done_join_is_refused_until_reset(self):
        self.node.set(join_fail_times=1)
        done = self.node.join(self.by_file(self.token()))
        self.assertEqual(1, done.code)
        self.assertIn("error execution phase kubelet-start: timed out waiting for the condition",
                      done.err)
        again = self.node.join(self.by_file(self.token()))
        self.assertIn("[ERROR FileAvailable--etc-kubernetes-pki-ca.crt]", again.err)
        self.assertEqual(0, self.node.kubeadm("reset", "-f").code)
        self.cp.kubectl("delete", "node", self.node.name, "--ignore-not-found")
        done = self.node.join(self.by_file(self.token()))
        self.assertEqual(0, done.code, done.text)

    def test_the_node_turns_unknown_when_its_kubelet_is_silent(self):
        self.assertEqual(0, self.node.join(self.by_file(self.token())).code)
        path = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}"
        name = self.node.name
        self.assertTrue(wait_for(
            lambda: self.cp.kubectl("get", "node", name, "-o", path).out == "True"))
        self.cp.set(node_monitor_grace_seconds=2)
        self.addCleanup(self.cp.set)
        self.node.end("kubelet")
        self.assertTrue(wait_for(
            lambda: self.cp.kubectl("get", "node", name, "-o", path).out == "Unknown"))
        self.assertIn("node.kubernetes.io/unreachable", self.cp.kubectl(
            "get", "node", name, "-o", "jsonpath={.spec.taints}").out)


class ControlPlane(unittest.TestCase):
    def setUp(self):
        self.first = self.node("cp1")
        done = self.first.init("--upload-certs",
                               cluster=f"controlPlaneEndpoint: '127.0.0.1:{self.first.port}'")
        self.assertEqual(0, done.code, done.text)
        self.key = done.out.split("Using certificate key:\n")[1].split("\n")[0]
        self.token = self.first.kubeadm("token", "create").out.strip()
        self.first.kubectl("apply", "-f", FLANNEL)
        self.info = self.first.kubectl("-n", "kube-public", "get", "cm", "cluster-info", "-o",
                                       "jsonpath={.data.kubeconfig}").out

    def node(self, name):
        node = Node(name)
        self.addCleanup(node.close)
        return node

    def join(self, node, key=None):
        node.write("/etc/discovery.conf", self.info)
        return node.join(
            f"  file: {{kubeConfigPath: /etc/discovery.conf}}\n  tlsBootstrapToken: {self.token}",
            "controlPlane: {localAPIEndpoint: {advertiseAddress: 127.0.0.1, bindPort: "
            f"{node.port}}}, certificateKey: '{key or self.key}'}}")

    @staticmethod
    def ask(node, *words):
        """Of the node's own API server."""
        return node.run("kubectl", "--kubeconfig", node.path("/etc/kubernetes/admin.conf"),
                        "--server", f"https://127.0.0.1:{node.port}", *words)

    def test_a_further_control_plane_joins_with_the_certificate_key(self):
        second = self.node("cp2")
        wrong = self.join(second, "0" * 64)
        self.assertIn("error downloading certs: error decoding secret data with provided key",
                      wrong.err)
        done = self.join(second)
        self.assertEqual(0, done.code, done.text)
        self.assertIn("a new control plane instance was created", done.out)
        self.assertEqual(self.first.read("/etc/kubernetes/pki/ca.crt"),
                         second.read("/etc/kubernetes/pki/ca.crt"))
        shown = self.ask(second, "get", "nodes").out
        self.assertEqual(2, shown.count("control-plane,master"), shown)

    def test_of_three_one_may_be_lost_the_first_too(self):
        second, third = self.node("cp2"), self.node("cp3")
        for node in (second, third):
            done = self.join(node)
            self.assertEqual(0, done.code, done.text)
        for program in ("kubelet", "kube-apiserver", "etcd"):
            self.first.end(program)
        created = wait_for(lambda: not self.ask(second, "create", "namespace", "later").code, 30)
        self.assertTrue(created, self.ask(second, "get", "ns").text)
        self.assertIn("later", self.ask(third, "get", "namespaces").out)
        for program in ("kube-apiserver", "etcd"):
            second.end(program)
        second.end("kubelet")
        self.assertIn("etcdserver: request timed out", self.ask(third, "get", "namespaces").err)

    def test_reset_leaves_etcd(self):
        second = self.node("cp2")
        self.assertEqual(0, self.join(second).code)
        self.assertEqual(0, second.kubeadm("reset", "-f").code)
        self.assertTrue(wait_for(lambda: "cp1" in self.ask(self.first, "get", "nodes").out),
                        self.ask(self.first, "get", "nodes").text)
