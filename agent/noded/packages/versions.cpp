#include "agent/noded/packages/versions.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <tuple>

namespace kagent::noded::packages {
namespace {

constexpr char remedy[] =
    "Bake the versions that fit into the machine image, change kubernetesVersion in the "
    "ClusterConfig, or set packages.mode to install.";

// Reads the digits at the start of `text` and removes them.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<Version> version_at(std::string_view text) {
  Version version;
  const auto major = take_number(text);
  if (!major || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  const auto minor = take_number(text);
  if (!minor) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    version.patch = take_number(text).value_or(0);
  }
  return version;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view program_of(std::string_view line) {
  if (line.size() > 1 && line[0] == 'v' && is_digit(line[1])) return "kubeadm";
  if (line.starts_with("Kubernetes v")) return "kubelet";
  if (line.starts_with("Client Version:")) return "kubectl";
  if (line.starts_with("containerd ")) return "containerd";
  if (line.starts_with("Docker version ")) return "docker";
  return {};
}

int oldest_kubelet(const Version& kubernetes) {
  return kubernetes.minor - (kubernetes.minor >= 28 ? 3 : 1);
}

}  // namespace

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

std::optional<Version> find_version(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) || (at > 0 && is_digit(text[at - 1]))) continue;
    if (auto version = version_at(text.substr(at))) return version;
  }
  return std::nullopt;
}

Programs read_versions(std::string_view output) {
  Programs programs;
  while (!output.empty()) {
    const auto line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(line.size() + 1, output.size()));
    const auto program = program_of(line);
    if (program.empty()) continue;
    if (const auto version = find_version(line)) programs.emplace(program, *version);
  }
  return programs;
}

std::vector<Misfit> misfits(const Programs& programs, std::optional<Version> wanted) {
  std::vector<Misfit> found;
  const auto version = [&](const char* program) -> const Version* {
    const auto place = programs.find(program);
    return place == programs.end() ? nullptr : &place->second;
  };
  const auto misfit = [&](Cause cause, std::string message, const char* check = "") {
    found.push_back({Failure(cause, std::move(message), remedy), check});
  };
  const Version* const kubeadm = version("kubeadm");
  if (!wanted && kubeadm == nullptr) return found;
  const Version cluster = wanted.value_or(kubeadm != nullptr ? *kubeadm : Version{});
  const std::string of = "Kubernetes " + to_string(cluster);

  if (kubeadm != nullptr && (kubeadm->minor < cluster.minor || kubeadm->minor > cluster.minor + 1))
    misfit("packages.kubeadm-version",
           fmt::format("kubeadm {} cannot make a cluster of {}: it makes its own minor "
                       "version and the one before",
                       to_string(*kubeadm), of),
           "KubernetesVersion");
  if (const auto* kubelet = version("kubelet")) {
    if (std::tie(kubelet->major, kubelet->minor) > std::tie(cluster.major, cluster.minor))
      misfit("packages.kubelet-version",
             fmt::format("kubelet {} is newer than {}, which the API server does not "
                         "support",
                         to_string(*kubelet), of),
             "KubeletVersion");
    else if (kubelet->minor < oldest_kubelet(cluster))
      misfit("packages.kubelet-version",
             fmt::format("kubelet {} is too old for {}", to_string(*kubelet), of),
             "KubeletVersion");
  }
  if (const auto* kubectl = version("kubectl");
      kubectl != nullptr && std::abs(kubectl->minor - cluster.minor) > 1)
    misfit("packages.kubectl-version",
           fmt::format("kubectl {} is more than one minor version away from {}",
                       to_string(*kubectl), of));
  if (const auto* containerd = version("containerd");
      containerd != nullptr && cluster.minor >= 26 && *containerd < Version{1, 6, 0})
    misfit("packages.containerd-version",
           fmt::format("containerd {} does not speak CRI v1, which {} demands: 1.6 "
                       "is the first that does",
                       to_string(*containerd), of));
  return found;
}

}  // namespace kagent::noded::packages
