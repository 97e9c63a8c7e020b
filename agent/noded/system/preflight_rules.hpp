#pragma once

#include "agent/common/failure/failure.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kagent::noded {

struct PreflightFacts {
  bool control_plane = false;
  bool joined = false;  // kubeadm has run here, so its ports are in use by the cluster itself
  unsigned cpus = 0;
  std::uint64_t memory_mib = 0;
  std::uint64_t disk_free_mib = 0;
  std::set<std::uint16_t> listening;
  std::set<std::string> cgroup_controllers;
  std::string kernel;                  // /proc/sys/kernel/osrelease
  std::vector<std::string> networks;   // CIDRs of the node and its VPC
  std::string pod_cidr, service_cidr;  // from the ClusterConfig, comma-separated
  std::string endpoint;                // controlPlaneEndpoint; may be empty
  std::string address;                 // the node's own; may be empty
  std::vector<std::string> cni_files;  // in /etc/cni/net.d; empty on a node that has joined
  bool applies_cni = false;            // the ClusterConfig installs the CNI
  std::map<std::string, std::string> environment;  // of commands in units
};

struct Problem {
  std::string name;  // as in --ignore-preflight-errors
  Failure failure;
};

// Runs the checks that a node must pass before it asks for anything. Names and limits are those of
// kubeadm where kubeadm has the same check (cmd/kubeadm/app/preflight/checks.go). `ignored` names
// are compared without case; "all" ignores every check.
std::vector<Problem> preflight_problems(const PreflightFacts& facts,
                                        const std::vector<std::string>& ignored);

}  // namespace kagent::noded
