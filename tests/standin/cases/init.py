import os
import stat
import unittest

from node import Node

PHASES = ["[init]", "[preflight]", "[certs]", "[kubeconfig]", "[kubelet-start]",
          "[control-plane]", "[etcd]", "[wait-control-plane]", "[apiclient]", "[upload-config]",
          "[kubelet]", "[upload-certs]", "[mark-control-plane]", "[bootstrap-token]",
          "[kubelet-finalize]", "[addons]"]


class Init(unittest.TestCase):
    def setUp(self):
        self.node = Node("cp")
        self.addCleanup(self.node.close)

    def test_goes_through_the_phases_and_leaves_the_files(self):
        done = self.node.init()
        self.assertEqual(0, done.code, done.text)
        seen = []
        for line in done.out.splitlines():
            tag = line.split(" ")[0]
            if tag.startswith("[") and tag not in seen:
                seen.append(tag)
        self.assertEqual(PHASES, seen)
        self.assertIn("Your Kubernetes control-plane has initialized successfully!", done.out)
        for name, mode in (("admin.conf", 0o600), ("kubelet.conf", 0o600), ("pki/ca.crt", 0o644),
                           ("pki/ca.key", 0o600), ("pki/apiserver.crt", 0o644),
                           ("pki/etcd/ca.crt", 0o644), ("pki/sa.key", 0o600),
                           ("manifests/kube-apiserver.yaml", 0o600)):
            at = os.stat(self.node.path("/etc/kubernetes/" + name))
            self.assertEqual(mode, stat.S_IMODE(at.st_mode), name)
        self.assertIn("kubelet-client-current.pem", self.node.read("/etc/kubernetes/kubelet.conf"))
        names = self.node.kubectl("-n", "kube-system", "get", "cm", "-o", "name").out
        for name in ("kubeadm-config", "kubelet-config-1.22", "kube-proxy"):
            self.assertIn(f"configmap/{name}\n", names)
        labels = self.node.kubectl("get", "node", "cp", "-o", "jsonpath={.metadata.labels}").out
        self.assertIn("node-role.kubernetes.io/control-plane", labels)
        again = self.node.init()
        self.assertEqual(1, again.code)
        self.assertIn(f"[ERROR Port-{self.node.port}]: Port {self.node.port} is in use",
                      again.err)
        self.assertIn("[ERROR FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml]: "
                      "/etc/kubernetes/manifests/kube-apiserver.yaml already exists", again.err)
        self.assertIn("[ERROR DirAvailable--var-lib-etcd]: /var/lib/etcd is not empty", again.err)

    def test_a_half_done_init_is_refused_until_reset(self):
        self.node.set(init_fail_times=1)
        first = self.node.init()
        self.assertEqual(1, first.code)
        self.assertIn("error execution phase wait-control-plane: couldn't initialize a Kubernetes "
                      "cluster", first.err)
        second = self.node.init()
        self.assertIn("[ERROR FileAvailable--etc-kubernetes-manifests-etcd.yaml]", second.err)
        cleared = self.node.kubeadm("reset", "--force")
        self.assertEqual(0, cleared.code, cleared.text)
        self.assertFalse(os.path.exists(self.node.path("/etc/kubernetes/admin.conf")))
        third = self.node.init()
        self.assertEqual(0, third.code, third.text)

    def test_an_unknown_field_is_refused(self):
        for part, kind in (("init", "InitConfiguration"), ("cluster", "ClusterConfiguration"),
                           ("kubelet", "KubeletConfiguration")):
            done = self.node.init(**{part: "colour: blue"})
            self.assertEqual(1, done.code)
            self.assertIn(f'Kind:"{kind}"}}: error unmarshaling JSON: while decoding JSON: json: '
                          'unknown field "colour"', done.err)
        done = self.node.init(node=", colour: blue")
        self.assertIn('unknown field "colour"', done.err)
        self.assertFalse(os.path.exists(self.node.path("/etc/kubernetes/pki")))

    def test_1_22_itself_only_warns_of_one(self):
        self.node.set(strict_config="no")
        done = self.node.kubeadm("config", "images", "list", "--config",
                                 self.node.init_file(cluster="colour: blue"))
        self.assertEqual(0, done.code)
        self.assertIn('json: unknown field "colour"', done.err)

    def test_a_wrong_type_or_version_is_refused(self):
        done = self.node.init(node=", kubeletExtraArgs: {v: 4}")
        self.assertIn("json: cannot unmarshal number into Go struct field", done.err)
        done = self.node.init(cluster="kubernetesVersion: v1.9.0")
        self.assertIn("only supports deploying clusters with the control plane version >= 1.21.0",
                      done.err)
        done = self.node.init(cluster="kubernetesVersion: v1.30.0")
        self.assertIn("[ERROR KubernetesVersion]", done.err)
        path = self.node.write("/root/new.yaml", "apiVersion: kubeadm.k8s.io/v1beta4\n"
                               "kind: ClusterConfiguration\n")
        done = self.node.kubeadm("init", "--config", path)
        self.assertEqual(1, done.code)
        self.assertIn('no kind "ClusterConfiguration" is registered for version '
                      '"kubeadm.k8s.io/v1beta4"', done.err)

    def test_invalid_values_end_with_3(self):
        path = self.node.write("/root/bad.yaml", "apiVersion: kubeadm.k8s.io/v1beta3\n"
                               "kind: ClusterConfiguration\nnetworking: {podSubnet: banana}\n")
        done = self.node.kubeadm("init", "--config", path)
        self.assertEqual(3, done.code)
        self.assertIn('networking.podSubnet: Invalid value: "banana"', done.err)

    def test_version_and_images(self):
        self.assertEqual("v1.22.4\n", self.node.kubeadm("version", "-o", "short").out)
        listed = self.node.kubeadm("config", "images", "list").out.splitlines()
        self.assertIn("k8s.gcr.io/kube-apiserver:v1.22.4", listed)
        pulled = self.node.kubeadm("config", "images", "pull").out.splitlines()
        self.assertEqual(["[config/images] Pulled " + name for name in listed], pulled)
        self.node.set(pull_fail="etcd")
        broken = self.node.kubeadm("config", "images", "pull")
        self.assertEqual(1, broken.code)
        self.assertIn('failed to pull image "k8s.gcr.io/etcd', broken.err)
        self.assertEqual(1, self.node.kubeadm("init", "--colour=blue").code)
