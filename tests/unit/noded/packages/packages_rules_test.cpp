#include "agent/noded/packages/failure.hpp"
#include "agent/noded/packages/key.hpp"
#include "agent/noded/packages/manager.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace kagent::noded::packages;
using Strings = std::vector<std::string>;

namespace {

HasProgram having(std::set<std::string, std::less<>> programs) {
  return
      [programs = std::move(programs)](std::string_view name) { return programs.contains(name); };
}

std::string causes(const std::vector<Misfit>& misfits) {
  std::string all;
  for (const auto& misfit : misfits) all += misfit.failure.id.text() + " ";
  return all;
}

Wanted kubernetes(int minor, int patch) {
  Wanted wanted;
  wanted.kubernetes = {1, minor, patch};
  return wanted;
}

}  // namespace

TEST_CASE("packages: versions are read from each program's output") {
  const auto programs = read_versions(
      "v1.22.4\n"
      "Kubernetes v1.22.5\n"
      "Client Version: version.Info{Major:\"1\", Minor:\"22\", GitVersion:\"v1.22.6\", "
      "GitCommit:\"b695d79d\", GoVersion:\"go1.16.10\", Platform:\"linux/amd64\"}\n"
      "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u2\n"
      "Docker version 20.10.24+dfsg1, build 297e128\n");
  CHECK(programs == Programs{{"kubeadm", {1, 22, 4}},
                             {"kubelet", {1, 22, 5}},
                             {"kubectl", {1, 22, 6}},
                             {"containerd", {1, 6, 20}},
                             {"docker", {20, 10, 24}}});
  const auto newer = read_versions(
      "Client Version: v1.32.4\nKustomize Version: v5.5.0\n"
      "containerd github.com/containerd/containerd/v2 v2.1.4 "
      "75cb2b7193e4e490e9fbdc236c0e811ccaba3376\n");
  CHECK(newer == Programs{{"kubectl", {1, 32, 4}}, {"containerd", {2, 1, 4}}});
  CHECK(read_versions("W1123 warning\n\nbash: no").empty());
}

TEST_CASE("packages: versions fit, or each misfit has a cause") {
  const Programs all{{"kubeadm", {1, 32, 4}},
                     {"kubelet", {1, 32, 4}},
                     {"kubectl", {1, 32, 4}},
                     {"containerd", {1, 6, 20}}};
  CHECK(misfits(all, std::nullopt).empty());
  CHECK(misfits(all, Version{1, 32, 4}).empty());
  CHECK(misfits(all, Version{1, 31, 9}).front().check == "KubeletVersion");
  CHECK(causes(misfits(all, Version{1, 33, 0})) == "packages.kubeadm-version ");
  CHECK(causes(misfits(all, Version{1, 30, 0})) ==
        "packages.kubeadm-version packages.kubelet-version packages.kubectl-version ");

  Programs some = all;
  some["kubelet"] = {1, 32, 5};  // kubeadm allows a newer patch release
  CHECK(misfits(some, std::nullopt).empty());
  CHECK(misfits(some, Version{1, 32, 0}).empty());
  some["kubelet"] = {1, 33, 0};
  CHECK(causes(misfits(some, std::nullopt)) == "packages.kubelet-version ");
  some["kubelet"] = {1, 29, 0};
  CHECK(misfits(some, std::nullopt).empty());
  some["kubelet"] = {1, 28, 9};
  CHECK(causes(misfits(some, std::nullopt)) == "packages.kubelet-version ");
  some = {{"kubelet", {1, 25, 1}}, {"kubeadm", {1, 27, 0}}};
  CHECK(causes(misfits(some, std::nullopt)) == "packages.kubelet-version ");
  some = {{"kubeadm", {1, 26, 0}}, {"containerd", {1, 5, 18}}};
  CHECK(causes(misfits(some, std::nullopt)) == "packages.containerd-version ");
  CHECK(misfits(some, Version{1, 25, 0}).empty());
  CHECK(misfits({}, std::nullopt).empty());
}

TEST_CASE("packages: the manager is the distribution's own") {
  const auto both = having({"apt-get", "dnf"});
  CHECK(detect("ID=debian\n", both) == Manager::apt);
  CHECK(detect("NAME=x\nID=ubuntu\nID_LIKE=debian\n", both) == Manager::apt);
  CHECK(detect("ID=\"amzn\"\nID_LIKE=\"fedora\"\n", both) == Manager::dnf);
  CHECK(detect("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", both) == Manager::dnf);
  CHECK(detect("ID=\"amzn\"\n", having({"yum"})) == Manager::yum);
  CHECK(detect("", having({"dnf"})) == Manager::dnf);
  CHECK(detect("ID=fedora\n", having({"apt-get"})) == Manager::apt);
  CHECK(detect("ID=alpine\n", having({"apk"})) == Manager::none);
}

TEST_CASE("packages: only missing packages and those of another version are installed") {
  const auto wanted = kubernetes(32, 4);
  CHECK(packages_for(Manager::apt, wanted, having({}), {}) ==
        Strings{"kubelet=1.32.4-*", "kubeadm=1.32.4-*", "kubectl=1.32.4-*", "cri-tools",
                "containerd", "conntrack", "socat", "iproute2", "ethtool", "iptables"});
  CHECK(packages_for(Manager::dnf, wanted, having({}), {}) ==
        Strings{"kubelet-1.32.4", "kubeadm-1.32.4", "kubectl-1.32.4", "cri-tools", "containerd",
                "conntrack-tools", "socat", "iproute", "iproute-tc", "ethtool", "iptables-nft"});
  const auto full = having({"kubelet", "kubeadm", "kubectl", "crictl", "containerd", "ctr",
                            "conntrack", "socat", "ip", "tc", "ethtool", "iptables"});
  const Programs versions{
      {"kubelet", {1, 32, 4}}, {"kubeadm", {1, 32, 3}}, {"kubectl", {1, 32, 4}}};
  CHECK(packages_for(Manager::apt, wanted, full, versions) == Strings{"kubeadm=1.32.4-*"});
  CHECK(packages_for(Manager::apt, wanted, full, {}).empty());
}

TEST_CASE("packages: docker needs cri-dockerd since Kubernetes 1.24") {
  auto wanted = kubernetes(23, 0);
  wanted.docker = true;
  const auto rest = having({"kubelet", "kubeadm", "kubectl", "crictl", "conntrack", "socat", "ip",
                            "tc", "ethtool", "iptables"});
  CHECK(packages_for(Manager::apt, wanted, rest, {}) == Strings{"docker.io"});
  wanted.kubernetes.minor = 24;
  CHECK(packages_for(Manager::apt, wanted, rest, {}) == Strings{"docker.io", "cri-dockerd"});
  wanted.runtime_package = "docker-ce";
  CHECK(packages_for(Manager::dnf, wanted, rest, {}) == Strings{"docker-ce", "cri-dockerd"});
}

TEST_CASE("packages: the repository of apt, with its key and a pin") {
  auto wanted = kubernetes(32, 4);
  CHECK(key_of(Manager::apt, wanted) == "https://pkgs.k8s.io/core:/stable:/v1.32/deb/Release.key");
  const auto files = repository_files(Manager::apt, wanted, "/etc/apt/keyrings/k.asc");
  REQUIRE(files.size() == 2);
  CHECK(files[0].path == "/etc/apt/sources.list.d/kubernetes.list");
  CHECK(files[0].text ==
        "# Made by kagent.\ndeb [signed-by=/etc/apt/keyrings/k.asc] "
        "https://pkgs.k8s.io/core:/stable:/v1.32/deb/ /\n");
  CHECK(files[1].path == "/etc/apt/preferences.d/kubernetes");
  CHECK(files[1].text.find("Package: kubelet kubeadm kubectl\nPin: version 1.32.4-*\n"
                           "Pin-Priority: 1001\n") != std::string::npos);

  wanted.repository = "file:///srv/kubernetes/";
  CHECK(key_of(Manager::apt, wanted) == "file:///srv/kubernetes/Release.key");
  wanted.allow_unsigned = true;
  CHECK(repository_files(Manager::apt, wanted, "")[0].text ==
        "# Made by kagent.\ndeb [trusted=yes] file:///srv/kubernetes/ /\n");
}

TEST_CASE("packages: the repository of dnf keeps Kubernetes out of upgrades") {
  auto wanted = kubernetes(32, 4);
  const auto files = repository_files(Manager::dnf, wanted, key_of(Manager::dnf, wanted));
  REQUIRE(files.size() == 1);
  CHECK(files[0].path == "/etc/yum.repos.d/kubernetes.repo");
  CHECK(files[0].text ==
        "# Made by kagent.\n[kubernetes]\nname=Kubernetes\n"
        "baseurl=https://pkgs.k8s.io/core:/stable:/v1.32/rpm/\nenabled=1\nskip_if_unavailable=0\n"
        "gpgcheck=1\ngpgkey=https://pkgs.k8s.io/core:/stable:/v1.32/rpm/repodata/repomd.xml.key\n"
        "exclude=kubelet kubeadm kubectl cri-tools kubernetes-cni\n");
  CHECK(repository_files(Manager::dnf, wanted, "/srv/k.asc")[0].text.find(
            "gpgkey=file:///srv/k.asc\n") != std::string::npos);
  const auto commands = install_commands(Manager::dnf, {"kubelet-1.32.4"});
  REQUIRE(commands.size() == 1);
  CHECK(commands[0] == Strings{"dnf", "-y", "--setopt=exit_on_lock=1",
                               "--setopt=disable_excludes=kubernetes", "install",
                               "kubelet-1.32.4"});
}

TEST_CASE("packages: dpkg's own file shows what is held") {
  CHECK(not_held("Package: kubelet\nStatus: hold ok installed\nVersion: 1.32.4-1.1\n\n"
                 "Package: kubeadm\nStatus: install ok installed\nVersion: 1.32.4-1.1\n\n"
                 "Package: kubectl\nStatus: deinstall ok config-files\n\n"
                 "Package: socat\nStatus: install ok installed\n") == Strings{"kubeadm"});
}

// Outputs of apt 2.6, dpkg 1.21, dnf 4.14 and rpm 4.18.
TEST_CASE("packages: the output tells why a package manager failed") {
  const auto cause = [](Strings output, int status = 100) {
    return why_failed(output, status).id.text();
  };
  const std::string held =
      "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 8400 (apt-get)";
  const auto locked = why_failed({held}, 100);
  CHECK(locked.id == "packages.locked");
  CHECK(locked.message.find("process 8400 (apt-get)") != std::string::npos);
  CHECK(cause({"E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is "
               "another process using it?"}) == "packages.locked");
  CHECK(cause({"E: Could not get lock /var/lib/apt/lists/lock. It is held by process 8566",
               "E: Unable to lock directory /var/lib/apt/lists/"}) == "packages.locked");
  CHECK(cause({"dpkg: error: dpkg frontend lock was locked by another process with pid 8507"}, 2) ==
        "packages.locked");
  CHECK(cause({"metadata already locked by 9925", "  The application with PID 9925 is: sleep"},
              200) == "packages.locked");
  CHECK(cause({}, 200) == "packages.locked");
  CHECK(cause({"RPM: error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource "
               "temporarily unavailable)",
               "Error: Could not run transaction."},
              1) == "packages.locked");
  CHECK(cause({"W: Failed to fetch https://pkgs.k8s.io/core:/stable:/v1.32/deb/InRelease  Could "
               "not resolve 'pkgs.k8s.io'",
               "E: Unable to locate package kubelet"}) == "packages.repository-unreachable");
  CHECK(cause({"E: Version '1.32.9-*' for 'kubelet' was not found"}) == "packages.not-available");
  CHECK(cause({"E: Unable to locate package kubelet"}) == "packages.not-available");
  CHECK(cause({"No match for argument: kubelet-9.9.9",
               "Error: Unable to find a match: kubelet-9.9.9"},
              1) == "packages.not-available");
  CHECK(cause({"Errors during downloading metadata for repository 'kubernetes':",
               "Error: Failed to download metadata for repo 'kubernetes': Cannot download "
               "repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried"},
              1) == "packages.repository-unreachable");
  CHECK(
      cause({"W: GPG error: file:/srv/kubernetes  InRelease: The following signatures couldn't be "
             "verified because the public key is not available: NO_PUBKEY 234654DA9A296436",
             "E: The repository 'file:/srv/kubernetes  InRelease' is not signed."}) ==
      "packages.signature");
  CHECK(cause({"Error: GPG check FAILED"}, 1) == "packages.signature");
  CHECK(cause({"E: You don't have enough free space in /var/cache/apt/archives/."}) ==
        "packages.disk-full");
  CHECK(cause({"Error: Error downloading packages:",
               "At least 20MB more space needed on the / filesystem."},
              1) == "packages.disk-full");
  CHECK(cause({"E: Sub-process /usr/bin/dpkg returned an error code (1)"}) == "packages.failed");
}

TEST_CASE("packages: a web page is not taken for a key") {
  CHECK(key_ending("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN") == "asc");
  CHECK(key_ending("\x99\x01\x0d\x04") == "gpg");
  CHECK(key_ending("\xc6\x01\x0d\x04") == "gpg");
  CHECK_FALSE(key_ending("<html>404</html>"));
  CHECK_FALSE(key_ending(""));
  CHECK_FALSE(key_ending("\x88\x01"));  // a signature
  CHECK(local_path("file:///srv/a.key") == "/srv/a.key");
  CHECK(local_path("/srv/a.key") == "/srv/a.key");
  CHECK_FALSE(local_path("https://example.org/a.key"));
  CHECK(source_name("https://a") != source_name("https://b"));
}
