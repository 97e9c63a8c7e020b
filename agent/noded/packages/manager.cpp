#include "agent/noded/packages/manager.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace kagent::noded::packages {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view ours[] = {"kubelet", "kubeadm", "kubectl", "cri-tools",
                                     "kubernetes-cni"};

// The words of ID and ID_LIKE.
std::set<std::string> family(std::string_view os_release) {
  std::set<std::string> names;
  std::istringstream in{std::string(os_release)};
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    const std::string key = line.substr(0, equals);
    if (equals == std::string::npos || (key != "ID" && key != "ID_LIKE")) continue;
    std::string value = line.substr(equals + 1);
    std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
    std::istringstream words(value);
    for (std::string word; words >> word;) names.insert(word);
  }
  return names;
}

struct Package {
  std::string_view program;
  std::string_view apt;
  std::string_view rpm;
};
constexpr Package distribution[] = {
    {"conntrack", "conntrack", "conntrack-tools"},
    {"socat", "socat", "socat"},
    {"ip", "iproute2", "iproute"},
    {"tc", "iproute2", "iproute-tc"},
    {"ethtool", "ethtool", "ethtool"},
    {"iptables", "iptables", "iptables-nft"},
    {"containerd", "containerd", "containerd"},
    {"ctr", "containerd", "containerd"},
    {"runc", "runc", "runc"},
    {"nft", "nftables", "nftables"},
    {"dockerd", "docker.io", "docker"},
    {"docker", "docker.io", "docker"},
};

bool is_runtime(std::string_view program) {
  return program == "containerd" || program == "ctr" || program == "dockerd" || program == "docker";
}

bool is_versioned(std::string_view program) {
  return std::ranges::find(versioned, program) != std::end(versioned);
}

std::string package_of(Manager manager, const Wanted& wanted, const std::string& program) {
  if (is_versioned(program))
    return manager == Manager::apt ? fmt::format("{}={}-*", program, to_string(wanted.kubernetes))
                                   : fmt::format("{}-{}", program, to_string(wanted.kubernetes));
  if (program == "crictl") return "cri-tools";
  if (is_runtime(program) && !wanted.runtime_package.empty()) return wanted.runtime_package;
  const auto* const found = std::ranges::find(distribution, program, &Package::program);
  if (found == std::end(distribution)) return program;
  return std::string(manager == Manager::apt ? found->apt : found->rpm);
}

}  // namespace

Manager detect(std::string_view os_release, const HasProgram& has_program) {
  const bool apt = has_program("apt-get");
  const Manager rpm = has_program("dnf")   ? Manager::dnf
                      : has_program("yum") ? Manager::yum
                                           : Manager::none;
  const auto names = family(os_release);
  const bool rpm_family = std::ranges::any_of(
      names, [](const auto& name) { return name == "fedora" || name == "rhel" || name == "amzn"; });
  if (rpm_family && rpm != Manager::none) return rpm;
  return apt ? Manager::apt : rpm;
}

Strings core_programs(const Wanted& wanted) {
  Strings programs{"kubelet", "kubeadm", "kubectl", "crictl"};
  if (wanted.docker) {
    programs.insert(programs.end(), {"dockerd", "docker"});
    if (wanted.kubernetes >= Version{1, 24, 0}) programs.emplace_back("cri-dockerd");
  } else {
    programs.insert(programs.end(), {"containerd", "ctr"});
  }
  if (wanted.balancer) programs.emplace_back("haproxy");
  if (wanted.nftables) programs.emplace_back("nft");
  return programs;
}

Strings packages_for(Manager manager, const Wanted& wanted, const HasProgram& has_program,
                     const Programs& versions) {
  Strings packages;
  Strings programs = core_programs(wanted);
  programs.insert(programs.end(), {"conntrack", "socat", "ip", "tc", "ethtool", "iptables"});
  for (const auto& program : programs) {
    const auto version = versions.find(program);
    const bool other =
        is_versioned(program) && version != versions.end() && version->second != wanted.kubernetes;
    if (has_program(program) && !other) continue;
    auto package = package_of(manager, wanted, program);
    if (std::ranges::find(packages, package) == packages.end())
      packages.push_back(std::move(package));
  }
  return packages;
}

std::string repository_of(Manager manager, const Wanted& wanted) {
  std::string url = wanted.repository;
  if (url.empty())
    url = fmt::format("https://pkgs.k8s.io/core:/stable:/v{}.{}/{}", wanted.kubernetes.major,
                      wanted.kubernetes.minor, manager == Manager::apt ? "deb" : "rpm");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string key_of(Manager manager, const Wanted& wanted) {
  if (!wanted.key.empty()) return wanted.key;
  return repository_of(manager, wanted) +
         (manager == Manager::apt ? "/Release.key" : "/repodata/repomd.xml.key");
}

std::vector<TextFile> repository_files(Manager manager, const Wanted& wanted,
                                       const std::string& key_file) {
  const std::string url = repository_of(manager, wanted);
  if (manager == Manager::apt) {
    const std::string option =
        wanted.allow_unsigned ? "trusted=yes" : fmt::format("signed-by={}", key_file);
    std::string pin = "# Made by kagent: no upgrade of the system changes Kubernetes.\n";
    pin += fmt::format("Package: {}\nPin: version {}-*\nPin-Priority: 1001\n",
                       fmt::join(versioned, " "), to_string(wanted.kubernetes));
    return {{"/etc/apt/sources.list.d/kubernetes.list",
             fmt::format("# Made by kagent.\ndeb [{}] {}/ /\n", option, url)},
            {"/etc/apt/preferences.d/kubernetes", std::move(pin)}};
  }
  std::string text = fmt::format(
      "# Made by kagent.\n[kubernetes]\nname=Kubernetes\nbaseurl={}/\nenabled=1\n"
      "skip_if_unavailable=0\n",
      url);
  if (wanted.allow_unsigned)
    text += "gpgcheck=0\nrepo_gpgcheck=0\n";
  else
    text += fmt::format("gpgcheck=1\ngpgkey={}{}\n", key_file.starts_with('/') ? "file://" : "",
                        key_file);
  text += fmt::format("exclude={}\n", fmt::join(ours, " "));
  return {{"/etc/yum.repos.d/kubernetes.repo", std::move(text)}};
}

std::vector<Strings> install_commands(Manager manager, const Strings& packages) {
  Strings install;
  if (manager == Manager::apt) {
    const Strings quiet{
        "env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1", "apt-get", "-q",
        "-y",  "-oDPkg::Lock::Timeout=5",        "-oDpkg::Use-Pty=0"};
    Strings refresh = quiet;
    refresh.emplace_back("update");
    install = quiet;
    install.insert(install.end(),
                   {"-oDpkg::Options::=--force-confdef", "-oDpkg::Options::=--force-confold",
                    "--no-install-recommends", "--allow-downgrades", "--allow-change-held-packages",
                    "install"});
    install.insert(install.end(), packages.begin(), packages.end());
    return {std::move(refresh), std::move(install)};
  }
  if (manager == Manager::yum)
    install = {"yum", "-y", "--disableexcludes=kubernetes", "install"};
  else
    install = {"dnf", "-y", "--setopt=exit_on_lock=1", "--setopt=disable_excludes=kubernetes",
               "install"};
  install.insert(install.end(), packages.begin(), packages.end());
  return {std::move(install)};
}

Strings hold_command() {
  Strings hold{"apt-mark", "hold"};
  hold.insert(hold.end(), std::begin(versioned), std::end(versioned));
  return hold;
}

Strings mend_command() {
  return {"env",
          "DEBIAN_FRONTEND=noninteractive",
          "dpkg",
          "--force-confdef",
          "--force-confold",
          "--configure",
          "--pending"};
}

// Paragraphs of fields, with "Status: WANT ERROR STATE" (dpkg(1)).
Strings not_held(std::string_view dpkg_status) {
  Strings found;
  std::string package;
  while (!dpkg_status.empty()) {
    const auto line = dpkg_status.substr(0, dpkg_status.find('\n'));
    dpkg_status.remove_prefix(std::min(line.size() + 1, dpkg_status.size()));
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (line.starts_with("Status: ") && is_versioned(package) && line.ends_with(" installed") &&
        !line.starts_with("Status: hold "))
      found.push_back(package);
  }
  return found;
}

}  // namespace kagent::noded::packages
