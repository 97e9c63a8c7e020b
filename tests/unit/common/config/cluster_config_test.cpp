#include "agent/common/config/cluster_config.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>
#include "tests/support/result.hpp"

#include <string>

using Catch::Matchers::ContainsSubstring;
using kagent::config::parse_cluster_config;

namespace {

std::string yaml(const std::string& rest) {
  return "apiVersion: kagent.io/v1\nkind: ClusterConfig\n" + rest;
}

std::string error_of(const std::string& rest) {
  const auto parsed = parse_cluster_config(yaml(rest), "cluster.yaml");
  REQUIRE(!parsed);
  return parsed.error().message();
}

}  // namespace

TEST_CASE("an empty ClusterConfig is all defaults") {
  const auto config = parse_cluster_config("", "cluster.yaml");
  REQUIRE(config);
  CHECK(config->pod_cidr() == "10.244.0.0/16");
  CHECK(config->service_cidr() == "10.96.0.0/12");
  CHECK(config->control_planes() == 1);
  CHECK(config->runtime() == "containerd");
  CHECK(config->timeouts().init_seconds() == 600);
}

TEST_CASE("what is given is kept") {
  const auto config =
      parse_cluster_config(yaml("podCIDR: 10.240.0.0/16\nignorePreflightErrors: [NumCPU, Mem]\n"
                                "containerd:\n  dropIns:\n    oom.toml: |\n      version = 2\n"
                                "kubeadm:\n  documents: |\n    apiVersion: x/v1\n    kind: Y\n"),
                           "cluster.yaml");
  REQUIRE(config);
  CHECK(config->pod_cidr() == "10.240.0.0/16");
  CHECK(config->ignore_preflight_errors_size() == 2);
  CHECK(config->containerd().drop_ins().at("oom.toml") == "version = 2\n");
}

TEST_CASE("several control planes without an endpoint have a balancer on every node") {
  const auto port = [](const std::string& text) {
    const auto config =
        parse_cluster_config("apiVersion: kagent.io/v1\nkind: ClusterConfig\n" + text, "c");
    REQUIRE(config);
    return config->local_balancer_port();
  };
  CHECK(port("") == 0);
  CHECK(port("controlPlanes: 3\n") == 8443);
  CHECK(port("controlPlanes: 3\ncontrolPlaneEndpoint: api.example:6443\n") == 0);
  CHECK(port("localBalancerPort: 7000\n") == 7000);
}

TEST_CASE("a wrong ClusterConfig says where and what was expected") {
  CHECK_THAT(error_of("podCIDR: 10.96.0.0/16\n"), ContainsSubstring("overlaps serviceCIDR"));
  CHECK_THAT(error_of("podCIDR: 10.240.0.1/16\n"),
             ContainsSubstring("cluster.yaml:3:10: podCIDR: \"10.240.0.1/16\" has bits set"));
  CHECK_THAT(error_of("controlPlanes: 2\n"), ContainsSubstring("expected 1, 3 or 5"));
  CHECK_THAT(error_of("controlPlaneEndpoint: api.example:6443\nlocalBalancerPort: 8443\n"),
             ContainsSubstring("without controlPlaneEndpoint"));
  CHECK_THAT(error_of("localBalancerPort: 6443\n"), ContainsSubstring("Kubernetes' own"));
  CHECK_THAT(error_of("controlPlanes: three\n"), ContainsSubstring("whole number"));
  CHECK_THAT(error_of("kubernetesVersion: 1.32\n"), ContainsSubstring("such as v1.32.4"));
  CHECK_THAT(error_of("cni: {manifests: [flannel.yml]}\n"), ContainsSubstring("absolute path"));
  CHECK_THAT(error_of("kubeadm: {documents: \"kind: X\"}\n"), ContainsSubstring("apiVersion"));
  CHECK_THAT(error_of("containerd: {dropIns: {../x.toml: a}}\n"), ContainsSubstring("plain file"));
  CHECK_THAT(error_of("kubeletExtraArgs: {node-labels: \"node-role.kubernetes.io/x=\"}\n"),
             ContainsSubstring("may not give its node the label node-role.kubernetes.io/x"));
  CHECK_THAT(error_of("podSubnet: 10.0.0.0/8\n"), ContainsSubstring("no such field"));
}

TEST_CASE("packages: install wants a version, a repository no password") {
  CHECK(parse_cluster_config("", "cluster.yaml")->packages().mode() == "preinstalled");
  CHECK_THAT(error_of("packages: {mode: install}\n"),
             ContainsSubstring("packages.mode: install needs kubernetesVersion"));
  CHECK_THAT(error_of("kubernetesVersion: v1.23.17\npackages: {mode: install}\n"),
             ContainsSubstring("packages.repository: is needed: pkgs.k8s.io has Kubernetes from"));
  CHECK(parse_cluster_config(yaml("kubernetesVersion: v1.24.0\npackages: {mode: install}\n"), "c"));
  CHECK(parse_cluster_config(yaml("kubernetesVersion: v1.22.4\npackages: {mode: install, "
                                  "repository: \"file:///srv/k\", allowUnsigned: true}\n"),
                             "c"));
  CHECK_THAT(error_of("packages: {mode: apt}\n"),
             ContainsSubstring("packages.mode: expected preinstalled or install"));
  for (const char* repository : {"https://me:secret@mirror.example/k", "ftp://mirror.example/k",
                                 "file:///srv/my repo", "https://a/b] deb x"})
    CHECK_THAT(error_of(std::string("packages: {repository: \"") + repository + "\"}\n"),
               ContainsSubstring("3:24: packages.repository: expected"));
  CHECK_THAT(error_of("packages: {key: http://mirror.example/Release.key}\n"),
             ContainsSubstring("packages.key: expected an absolute path"));
  CHECK_THAT(error_of("packages: {allowUnsigned: true}\n"), ContainsSubstring("of your own"));
  CHECK_THAT(error_of("packages: {repository: \"http://mirror.example/k/\"}\n"),
             ContainsSubstring("packages.key: is needed with an http:// repository"));
  const auto config = parse_cluster_config(
      yaml("kubernetesVersion: v1.32.4\npackages:\n  mode: install\n"
           "  repository: http://10.0.0.5:8080/k8s/v1.32/deb/\n  key: /etc/kagent/k8s.asc\n"
           "  runtimePackage: containerd.io\n"),
      "cluster.yaml");
  REQUIRE(config);
  CHECK(config->packages().runtime_package() == "containerd.io");
}

TEST_CASE("docker and registry mirrors: what dockerd cannot do is said beforehand") {
  CHECK_THAT(error_of("runtime: podman\n"),
             ContainsSubstring("runtime: expected containerd or docker"));
  CHECK_THAT(error_of("docker: {daemon: \"[1]\"}\n"),
             ContainsSubstring("docker.daemon: expected a JSON object"));
  CHECK_THAT(
      error_of(
          "runtime: docker\nregistryMirrors: {quay.io: {endpoints: [\"https://m.example\"]}}\n"),
      ContainsSubstring("dockerd has mirrors of docker.io only"));
  CHECK_THAT(error_of("registryMirrors: {docker.io: {}}\n"),
             ContainsSubstring("expected endpoints"));
  CHECK_THAT(error_of("registryMirrors: {docker.io: {endpoints: [m.example]}}\n"),
             ContainsSubstring("expected the URL of a registry"));
  CHECK(parse_cluster_config(
      yaml("registryMirrors:\n  \"*\": {endpoints: [\"https://m.example:5000/v2\"]}\n"
           "docker: {daemon: '{\"bip\": \"10.1.0.1/24\"}'}\n"),
      "cluster.yaml"));
}

TEST_CASE("who may enrol is checked so that nobody is let in by a slip") {
  const auto config = parse_cluster_config("", "cluster.yaml");
  REQUIRE(config);
  CHECK(config->enrolment().attestation() == "none");
  CHECK(config->enrolment().ec2().max_age_seconds() == 3600);
  CHECK(parse_cluster_config(yaml("enrolment: {attestation: ec2, withoutToken: true, ec2: "
                                  "{accounts: [\"123456789012\"]}}\n"),
                             "cluster.yaml"));
  CHECK_THAT(error_of("enrolment: {withoutToken: true}\n"), ContainsSubstring("anybody"));
  CHECK_THAT(error_of("enrolment: {attestation: ec2}\n"),
             ContainsSubstring("enrolment.ec2.accounts"));
  CHECK_THAT(error_of("enrolment: {attestation: aws}\n"),
             ContainsSubstring("none, ec2 or approve"));
  CHECK_THAT(error_of("enrolment: {ec2: {accounts: [\"12345\"]}}\n"),
             ContainsSubstring("12 digits"));
  CHECK_THAT(error_of("enrolment: {ec2: {certificates: certs}}\n"), ContainsSubstring("absolute"));
}

TEST_CASE("T16 raw documents that yaml-cpp never comes to an end with are refused") {
  CHECK_THAT(error_of("kubeadm: {documents: \",,,,{do,,\"}\n"),
             ContainsSubstring("kubeadm.documents"));
  CHECK_THAT(error_of("kubeadm: {documents: \"" + std::string(100, '[') + "\"}\n"),
             ContainsSubstring("32 levels"));
}

TEST_CASE("what is to be watched names steps and what becomes of their drift") {
  const auto config =
      parse_cluster_config(yaml("watch: {steps: {sysctl: report}}\n"), "cluster.yaml");
  REQUIRE(config);
  CHECK(config->watch().steps().at("sysctl") == "report");
  CHECK(config->watch().every_seconds() == 300);
  CHECK_THAT(error_of("watch: {steps: {sysctls: report}}\n"), ContainsSubstring("sysctls"));
  CHECK_THAT(error_of("watch: {steps: {sysctl: mend}}\n"),
             ContainsSubstring("expected repair, report or ignore"));
  CHECK_THAT(error_of("watch: {everySeconds: 1}\n"), ContainsSubstring("expected 10 to 86400"));
}
