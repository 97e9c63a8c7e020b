import unittest

from node import Node

CONFIG = "--config=/var/lib/kubelet/config.yaml"


class Kubelet(unittest.TestCase):
    def setUp(self):
        self.node = Node("alone")
        self.addCleanup(self.node.close)

    def test_says_its_version(self):
        self.assertEqual("Kubernetes v1.22.4\n", self.node.run("kubelet", "--version").out)

    def test_ends_with_1_until_it_is_configured(self):
        done = self.node.run("kubelet", CONFIG)
        self.assertEqual(1, done.code)
        self.assertIn("failed to load Kubelet config file /var/lib/kubelet/config.yaml, error "
                      "failed to read kubelet config file", done.err)

    def test_refuses_an_unknown_field(self):
        self.node.write("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n"
                        "apiVersion: kubelet.config.k8s.io/v1beta1\ncolour: blue\n")
        done = self.node.run("kubelet", CONFIG)
        self.assertEqual(1, done.code)
        self.assertIn("unknown field", done.err)

    def test_ends_with_1_without_credentials(self):
        self.node.write("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n"
                        "apiVersion: kubelet.config.k8s.io/v1beta1\nhealthzPort: 0\n")
        done = self.node.run(
            "kubelet", CONFIG, "--kubeconfig=/etc/kubernetes/kubelet.conf",
            "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf")
        self.assertEqual(1, done.code)
        self.assertIn("unable to load bootstrap kubeconfig: stat /etc/kubernetes/bootstrap-"
                      "kubelet.conf: no such file or directory", done.err)
