#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kagent::noded {

struct PreflightFacts {
  bool control_plane = false;
  bool joined = false;  // kubeadm has been here: its ports are its own
  unsigned cpus = 0;
  std::uint64_t memory_mib = 0;
  std::uint64_t disk_free_mib = 0;
  std::set<std::uint16_t> listening;
  std::set<std::string> cgroup_controllers;
  std::string kernel;                              // /proc/sys/kernel/osrelease
  std::vector<std::string> networks;               // CIDRs that the node and its VPC are in
  std::string pod_cidr, service_cidr;              // of the ClusterConfig, comma-separated
  std::string endpoint;                            // controlPlaneEndpoint, may be empty
  std::string address;                             // the node's own, may be empty
  std::vector<std::string> cni_files;              // in /etc/cni/net.d before the node has joined
  bool applies_cni = false;                        // the ClusterConfig brings the cluster's CNI
  std::map<std::string, std::string> environment;  // that commands of units get
};

struct Problem {
  std::string name;   // as in --ignore-preflight-errors
  std::string cause;  // "cpu", "memory", ...
  std::string message;
  std::string remedy;
};

// Names and limits are kubeadm's where it has the check (cmd/kubeadm/app/preflight/checks.go), so
// that a node which cannot succeed says so before it has asked for anything. `ignored` names are
// compared without case; "all" ignores all.
std::vector<Problem> preflight_problems(const PreflightFacts& facts,
                                        const std::vector<std::string>& ignored);

}  // namespace kagent::noded
