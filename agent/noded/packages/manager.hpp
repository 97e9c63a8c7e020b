#pragma once

#include "agent/noded/packages/versions.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What is to be asked of a machine's package manager. Pure.
namespace kagent::noded::packages {

enum class Manager { none, apt, dnf, yum };
using HasProgram = std::function<bool(std::string_view)>;

// The family of os-release(5) decides where several are there; where it is unknown, what is there.
Manager detect(std::string_view os_release, const HasProgram& has_program);

struct Wanted {
  Version kubernetes;
  bool docker = false;
  bool balancer = false;  // HAProxy
  bool nftables = false;
  std::string runtime_package;  // empty: the distribution's
  std::string repository;       // empty: pkgs.k8s.io
  std::string key;              // empty: where pkgs.k8s.io has it
  bool allow_unsigned = false;
};

// What kagent itself calls, or asks systemd to start.
std::vector<std::string> core_programs(const Wanted& wanted);
// Those of Kubernetes that are of its version.
inline constexpr std::string_view versioned[] = {"kubelet", "kubeadm", "kubectl"};

// The packages for what is not there (of core_programs, and of what kubelet calls) or has another
// version, as the manager's arguments: "kubelet=1.32.4-*" of apt, "kubelet-1.32.4" of dnf.
std::vector<std::string> packages_for(Manager manager, const Wanted& wanted,
                                      const HasProgram& has_program, const Programs& versions);

// Without a slash at its end.
std::string repository_of(Manager manager, const Wanted& wanted);
// URL or path of its public key.
std::string key_of(Manager manager, const Wanted& wanted);

struct TextFile {
  std::string path;
  std::string text;
};
// Repository and pin; `key_file`: where its key lies on the node.
std::vector<TextFile> repository_files(Manager manager, const Wanted& wanted,
                                       const std::string& key_file);

// One after the other: refresh, install, hold.
std::vector<std::vector<std::string>> install_commands(Manager manager,
                                                       const std::vector<std::string>& packages);
std::vector<std::string> hold_command();
// Ends what a dpkg that was killed has begun.
std::vector<std::string> mend_command();

// Of apt's kind: which of `versioned` are installed but not held, by /var/lib/dpkg/status. dnf's
// repository excludes them instead.
std::vector<std::string> not_held(std::string_view dpkg_status);

}  // namespace kagent::noded::packages
