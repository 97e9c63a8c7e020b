#pragma once

#include "agent/noded/packages/versions.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Commands and files for a machine's package manager. Pure.
namespace kagent::noded::packages {

enum class Manager { none, apt, dnf, yum };
using HasProgram = std::function<bool(std::string_view)>;

// Chosen by the family in os-release(5). If the family is unknown, the first manager that is
// installed counts.
Manager detect(std::string_view os_release, const HasProgram& has_program);

struct Wanted {
  Version kubernetes;
  bool docker = false;
  bool balancer = false;  // HAProxy
  bool nftables = false;
  std::string runtime_package;  // empty: the distribution's package
  std::string repository;       // empty: pkgs.k8s.io
  std::string key;              // empty: the key of pkgs.k8s.io
  bool allow_unsigned = false;
};

// Programs that kagent calls or that systemd starts for kagent.
std::vector<std::string> core_programs(const Wanted& wanted);
// Programs that must have the Kubernetes version of the cluster.
inline constexpr std::string_view versioned[] = {"kubelet", "kubeadm", "kubectl"};

// Packages for programs that are missing or have another version: core_programs and those that
// kubelet calls. Each is an argument of the manager: "kubelet=1.32.4-*" for apt, "kubelet-1.32.4"
// for dnf.
std::vector<std::string> packages_for(Manager manager, const Wanted& wanted,
                                      const HasProgram& has_program, const Programs& versions);

// Without a trailing slash.
std::string repository_of(Manager manager, const Wanted& wanted);
// URL or path of the repository's public key.
std::string key_of(Manager manager, const Wanted& wanted);

struct TextFile {
  std::string path;
  std::string text;
};
// The files of the repository and its pin. `key_file` is the path of the key on the node.
std::vector<TextFile> repository_files(Manager manager, const Wanted& wanted,
                                       const std::string& key_file);

// The commands in their order: refresh, install, hold.
std::vector<std::vector<std::string>> install_commands(Manager manager,
                                                       const std::vector<std::string>& packages);
std::vector<std::string> hold_command();
// Completes what a killed dpkg has left half done.
std::vector<std::string> mend_command();

// The packages among `versioned` that /var/lib/dpkg/status shows as installed but not held. For apt
// only: for dnf, the repository excludes the packages instead.
std::vector<std::string> not_held(std::string_view dpkg_status);

}  // namespace kagent::noded::packages
