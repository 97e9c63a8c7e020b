#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace kagent {

// A way in which a node is known to fail, as `kagentctl explain` prints it.
struct KnownCause {
  std::string_view id;  // "<step>.<what>"; `*` stands for any step or program
  std::string_view meaning;
  std::string_view remedy;
};

// Every cause that kagent reports, sorted by id. A cause that is not here does not compile
// (cause.hpp).
inline constexpr auto catalogue = std::to_array<KnownCause>({
    {"*.api-unreachable", "The API server does not answer this node.",
     "Open TCP 6443 to the control planes, and check that kube-apiserver runs there."},
    {"*.certificate-expired", "kubelet's client certificate has expired.",
     "Run `kagentctl reset NODE`: the node then joins again."},
    {"*.check-failed", "kagent-noded could not tell whether the step is done.",
     "Read `journalctl -u kagent-noded` on the node."},
    {"*.clock-skew", "The node's clock is too far from the cluster's for its certificates.",
     "Set the clock by NTP on every node."},
    {"*.damaged", "Only some of the files of an earlier kubeadm run are left.",
     "Run `kagentctl reset NODE`. It removes them and keeps a copy as evidence."},
    {"*.disk-full", "The node's disk is full.",
     "Free some disk space; kagent then continues by itself."},
    {"*.error", "The step failed on a system error that has no cause of its own.",
     "Read the message and `journalctl -u kagent-noded` on the node."},
    {"*.etcd-unhealthy",
     "etcd on the control planes is unhealthy, or a new member is slow to catch up.",
     "Check etcd on each control plane. `kagentctl remove NODE --force` removes a lost member."},
    {"*.failed", "The step's command failed for an unknown reason.",
     "Read the journal lines shown with the failure."},
    {"*.foreign-cluster", "The node belongs to a cluster that kagent did not create.",
     "kagent never changes such a node. Reset it by hand if the cluster is no longer needed."},
    {"*.interrupted", "The step was interrupted.", "None: kagent tries again by itself."},
    {"*.kubelet-*", "The step waits for kubelet, which keeps failing.",
     "Run `kagentctl explain kubelet.WHAT`, where WHAT is the last part of the id."},
    {"*.no-order", "The step needs a signed order of the coordinator and has none.",
     "Check that the coordinator runs; it sends the order again."},
    {"*.no-systemd", "systemd does not answer on the system bus.",
     "Run `systemctl status dbus` on the node."},
    {"*.node-exists", "The cluster already has a Ready Node of this name.",
     "None if an earlier attempt of the same machine made it. Otherwise give this node another "
     "name."},
    {"*.other-cluster", "kubelet's certificate belongs to another cluster.",
     "Run `kagentctl reset NODE`: the node then joins again."},
    {"*.other-name", "kubelet's certificate is for another node name.",
     "Give the node its old name back, or run `kagentctl reset NODE`."},
    {"*.preflight", "kubeadm's preflight checks failed.",
     "Correct what they name, or add the check to ignorePreflightErrors."},
    {"*.program-missing", "A program that the step runs is not installed.",
     "Install it, or set packages.mode to install."},
    {"*.reset-failed", "kagent could not clean up after an interrupted kubeadm run.",
     "Read the journal lines; `kagentctl reset NODE` tries again."},
    {"*.timeout", "The step's command exceeded its time limit and was stopped.",
     "Read the journal lines to see what the command was waiting for."},
    {"*.unauthorized", "The API server rejected the node's credentials.",
     "None: kagent asks for a new token."},
    {"*.undone-again", "Something keeps undoing what kagent repairs.",
     "Find out what changes it, or set the step to `report` in ClusterConfig.watch."},
    {"*.wrong-ca", "The API server's certificate belongs to another cluster.",
     "Check that controlPlaneEndpoint leads to this cluster."},
    {"balancer.no-servers", "The coordinator knows no API server yet.",
     "None: the coordinator sends the addresses as soon as a control plane has connected."},
    {"balancer.not-starting", "HAProxy does not start.",
     "Read the journal lines. If the port is taken, set another localBalancerPort."},
    {"balancer.program-missing", "HAProxy is not installed.",
     "Install haproxy in the machine image, set packages.mode to install, or set "
     "controlPlaneEndpoint in the ClusterConfig."},
    {"cni.apply-failed", "The API server rejected the CNI manifest.",
     "Correct cni.manifests in the ClusterConfig."},
    {"cni.correction-failed",
     "The CNI's network differs from podCIDR, and kagent could not correct it.",
     "Set it to podCIDR in the CNI's own ConfigMap."},
    {"cni.download-failed", "A CNI manifest could not be downloaded.",
     "Give the control planes access to its URL, or name a local file in cni.manifests."},
    {"cni.manifest-missing", "A file named in cni.manifests does not exist.",
     "Put the file on the control planes."},
    {"disk.full", "The disk is full, so kagentd cannot save its next action.",
     "Free some disk space; kagent then continues by itself."},
    {"drain.failed", "The node's pods could not be evicted.",
     "Check the disruption budgets that the message names, or use --force."},
    {"envelope.refused",
     "kagent-noded rejected an order that the coordinator signed for this node.",
     "Compare the clocks. `journalctl -u kagent-noded` on the node gives the reason."},
    {"grant.mint-failed", "A control plane could not create a join token.",
     "Check that its API server answers."},
    {"hostname.invalid", "The wanted host name is invalid (RFC 1123).",
     "Give the node another name."},
    {"hosts.not-written", "kagent could not write the node's own name into /etc/hosts.",
     "Add the line that the failure shows by hand."},
    {"images.import-failed", "An image archive could not be imported.",
     "Check that the archive is complete and that the runtime runs."},
    {"images.no-directory", "The folder of image archives does not exist.",
     "Create it on the node, or correct images.directory."},
    {"images.pull-failed", "An image could not be pulled.",
     "Give the node access to the registry, or set registryMirrors."},
    {"images.vanished", "Images that were pulled are no longer there.",
     "Free some disk space: kubelet removes images when the disk is full."},
    {"init.config", "The kubeadm documents for init contradict each other.",
     "Correct kubeadm.documents in the ClusterConfig."},
    {"init.no-lease", "This node does not hold the init lease.",
     "None: the coordinator gives the lease to one node."},
    {"join.config", "The kubeadm documents for join contradict each other.",
     "Correct kubeadm.documents in the ClusterConfig."},
    {"join.token-expired", "The join token expired before it was used.",
     "None: kagent asks for a new token."},
    {"journal.unwritable", "kagentd cannot save its next action.",
     "Repair the disk; kagent then continues by itself."},
    {"kubeconfig.api-refused", "The API server rejects the admin kubeconfig.",
     "Check that its certificate belongs to this cluster and has not expired."},
    {"kubelet.cgroup-driver-mismatch",
     "kubelet and the container runtime use different cgroup drivers.",
     "Set cgroupDriver: systemd in kubeadm.documents."},
    {"kubelet.crashing", "kubelet keeps crashing.", "Read `journalctl -u kubelet` on the node."},
    {"kubelet.masked", "kubelet is masked, so kagent leaves it alone.",
     "Run `systemctl unmask kubelet` if the mask is no longer wanted."},
    {"kubelet.no-runtime", "kubelet keeps crashing because the container runtime does not run.",
     "Run `systemctl status` on the node for the unit that the message names."},
    {"kubelet.not-starting", "kubelet's unit does not start.",
     "Read `journalctl -u kubelet` on the node."},
    {"kubelet.swap", "kubelet does not start while swap is on.",
     "Run `swapoff -a`, or set failSwapOn: false in kubeadm.documents."},
    {"metadata.not-closed",
     "The firewall rules that protect the metadata service cannot be loaded.",
     "Read the journal lines; nftables and its kernel modules must be installed."},
    {"metadata.program-missing", "nft is not installed, but metadataAccess needs it.",
     "Install nftables in the machine image, or set packages.mode to install."},
    {"modules.missing", "A kernel module that pod networks need cannot be loaded.",
     "Install the kernel's modules, or use another image."},
    {"noded.refused", "The D-Bus policy does not let kagentd call kagent-noded.",
     "Check the policy file io.kagent.Node1.conf."},
    {"noded.unavailable", "kagent-noded does not answer.",
     "Read `journalctl -u kagent-noded`; kagent tries again by itself."},
    {"packages.*-version", "An installed program does not fit the wanted Kubernetes version.",
     "Set packages.mode to install, or correct kubernetesVersion."},
    {"packages.key", "The package repository's key cannot be used.",
     "Correct packages.key in the ClusterConfig."},
    {"packages.locked", "Another program holds the package database.",
     "None: kagent tries again by itself."},
    {"packages.no-manager", "The node has neither apt nor dnf.",
     "Bake the packages into its image."},
    {"packages.not-available", "The repository does not have the wanted package or version.",
     "Correct kubernetesVersion or packages.repository."},
    {"packages.repository-unreachable", "The package repository does not answer.",
     "Give the node access to it, or name a mirror in packages.repository."},
    {"packages.signature", "A package or package list is not signed by the given key.",
     "Set packages.key to the repository's own key."},
    {"preflight.cgroups", "The kernel lacks cgroup controllers.",
     "Enable them on the kernel command line."},
    {"preflight.cidr-overlap", "The pod or service addresses overlap a network of the node.",
     "Choose another podCIDR or serviceCIDR."},
    {"preflight.clock-skew", "The node's clock differs from the coordinator's by more than 30 s.",
     "Run `timedatectl` on both. Certificates and tokens would not be valid."},
    {"preflight.cni-config", "A node that has not joined yet already has a CNI configuration.",
     "Remove it from the machine image, or ignore CNIConfig."},
    {"preflight.cpu", "A control plane has too few CPUs.",
     "Use a larger instance, or ignore NumCPU."},
    {"preflight.disk", "Too little disk is free under /var/lib.",
     "Give the node a larger disk, or ignore DiskSpace."},
    {"preflight.duplicate-hostname", "Another node has the same hostname.",
     "Give one of them another name, or `hostname: instance-id` in user-data."},
    {"preflight.duplicate-machine-id", "Another node has the same machine id.",
     "Empty /etc/machine-id in the machine image, so that every instance creates its own."},
    {"preflight.duplicate-product-uuid", "Another node has the same firmware product UUID.",
     "Give the cloned machine a UUID of its own in the hypervisor."},
    {"preflight.kernel", "The kernel is too old.", "Use an image with a newer kernel."},
    {"preflight.memory", "A control plane has too little memory.",
     "Use a larger instance, or ignore Mem."},
    {"preflight.port-in-use", "A port that Kubernetes needs is in use.",
     "Find what listens there: `ss -ltnp`."},
    {"preflight.proxy",
     "The configured proxy would intercept the node's traffic to the API server.",
     "Add the nodes' networks and the endpoint to NO_PROXY."},
    {"ready.labels-refused", "The API server rejected the node's labels.",
     "Remove labels of kubernetes.io from NodeConfig.labels."},
    {"ready.no-cni", "The node is not Ready and has no CNI configuration.",
     "Name a CNI manifest in cni.manifests."},
    {"ready.no-pod-cidr", "The cluster has assigned no pod range to the node.",
     "Check that podCIDR has room for another node."},
    {"ready.not-ready", "The node is registered but not Ready.",
     "Read `journalctl -u kubelet` on the node."},
    {"ready.not-registered", "kubelet has not registered the node.",
     "Read `journalctl -u kubelet` on the node."},
    {"ready.pod-cidr", "The node's pod range lies outside podCIDR.",
     "Set podCIDR to the range of the cluster."},
    {"reset.kubeadm-failed", "kubeadm reset failed.",
     "Read the journal lines; `kagentctl reset NODE` tries again."},
    {"reset.pods-left", "Containers of pods still run after the reset.",
     "Stop them with crictl, then reset again."},
    {"runtime.cgroup-driver",
     "The container runtime does not use the systemd cgroup driver that kubelet uses.",
     "Find what overrides kagent's configuration: an imported file, a drop-in or an option."},
    {"runtime.config",
     "The container runtime's configuration is unreadable, or the runtime rejects it.",
     "Correct the file that the message names, or the ClusterConfig. Until then the previous "
     "configuration stays."},
    {"runtime.masked", "The container runtime is masked, so kagent leaves it alone.",
     "Unmask it if the mask is no longer wanted."},
    {"runtime.not-answering", "The container runtime runs but does not answer CRI requests.",
     "Read its journal on the node."},
    {"runtime.not-starting", "The container runtime does not start.",
     "Read its journal on the node."},
    {"swap.not-masked", "A swap unit could not be masked.", "Run `systemctl mask` for it."},
    {"swap.still-on", "Swap is still on.", "Run `swapoff -a`, and find what turns swap on."},
    {"sysctl.not-set", "The kernel did not accept a setting.",
     "Read `journalctl -u systemd-sysctl`."},
    {"sysctl.overridden", "Another sysctl file overrides kagent's.",
     "Remove the line from the file that the message names."},
    {"time.no-ntp-service", "The node has no NTP service.", "Install chrony or systemd-timesyncd."},
    {"time.not-enabled", "NTP could not be turned on.", "Run `timedatectl` on the node."},
});

namespace detail {

// A glob whose only special character is `*`.
constexpr bool covers(std::string_view pattern, std::string_view id) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == id;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (!id.starts_with(before)) return false;
  id.remove_prefix(before.size());
  for (std::size_t skip = 0; skip <= id.size(); ++skip)
    if (covers(after, id.substr(skip))) return true;
  return false;
}

}  // namespace detail

// Whether the catalogue explains an id. (gcc 12 with sanitizers cannot compare a pointer of
// find_cause() with nullptr at compile time.)
constexpr bool is_known_cause(std::string_view id) {
  for (const KnownCause& each : catalogue)
    if (detail::covers(each.id, id)) return true;
  return false;
}

// The row that explains an id: one of that very id, else the most special one with a `*` that
// covers it ("init.disk-full" is in "*.disk-full"). nullptr if there is none.
constexpr const KnownCause* find_cause(std::string_view id) {
  const KnownCause* best = nullptr;
  std::size_t special = 0;  // characters before the `*`
  for (const KnownCause& each : catalogue) {
    if (each.id == id) return &each;
    if (!detail::covers(each.id, id)) continue;
    const auto before = each.id.find('*');
    if (best == nullptr || before > special) {
      best = &each;
      special = before;
    }
  }
  return best;
}

}  // namespace kagent
