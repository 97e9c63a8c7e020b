#include "coordinator/ctl/commands/image.hpp"

#include <algorithm>

namespace kagent::ctl {
namespace {

namespace fs = std::filesystem;

struct Known {
  const char* path;
  const char* what;
  bool emptied;
};

constexpr Known known[] = {
    // If the file exists and is empty, systemd makes a new id at the next boot.
    {"etc/machine-id", "the machine id", true},
    {"var/lib/dbus/machine-id", "the machine id of D-Bus", false},
    {"var/lib/systemd/random-seed", "the seed of the random number generator", false},
    {"var/lib/systemd/credential.secret", "the key of systemd's credentials", false},
    {"etc/kagent/user-data", "user-data of this machine", false},
    {"var/lib/kagent", "kagentd's key, certificate and journal", true},
    {"var/lib/kagent-noded", "kagent-noded's record of its changes", true},
    {"var/lib/kagent-config-drive", "user-data of this machine's config drive", true},
    {"var/lib/kagent-coordinator", "the coordinator's CA, keys and registry", true},
    {"run/kagent", "join grants", true},
    {"run/kagent-imds", "user-data and identity of this instance", true},
    {"var/log/journal", "the journal", true},
    {"var/log/cloud-init.log", "cloud-init's log", false},
    {"var/log/cloud-init-output.log", "cloud-init's log", false},
    {"var/lib/cloud", "cloud-init's record of this instance", true},
};

bool holds_nothing(const fs::path& path) {
  std::error_code ignored;
  return fs::is_empty(path, ignored);
}

// cloud-init makes new ones. Without cloud-init nothing would, and nobody could log in.
void add_host_keys(const fs::path& root, std::vector<Trace>& traces) {
  std::error_code error;
  if (!fs::exists(root / "usr/bin/cloud-init", error)) return;
  for (const auto& entry : fs::directory_iterator(root / "etc/ssh", error))
    if (entry.path().filename().string().starts_with("ssh_host_"))
      traces.push_back({entry.path(), "a host key of SSH", false});
}

}  // namespace

std::vector<Trace> traces_in(const fs::path& root) {
  std::vector<Trace> traces;
  for (const Known& entry : known) {
    const fs::path path = root / entry.path;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (error || !fs::exists(status)) continue;
    if (entry.emptied && !fs::is_symlink(status) && holds_nothing(path)) continue;
    traces.push_back({path, entry.what, entry.emptied});
  }
  add_host_keys(root, traces);
  std::sort(traces.begin(), traces.end(),
            [](const Trace& a, const Trace& b) { return a.path < b.path; });
  return traces;
}

std::string why_no_image(const fs::path& root) {
  for (const char* file : {"etc/kubernetes/admin.conf", "etc/kubernetes/kubelet.conf"}) {
    std::error_code error;
    if (fs::exists(root / file, error))
      return "this machine is a node of a cluster (" + (root / file).string() +
             " exists); make the image on another machine, or run `kubeadm reset` first";
  }
  return {};
}

Result<> take_away(const Trace& trace) {
  std::error_code error;
  const bool folder = fs::is_directory(fs::symlink_status(trace.path, error));
  if (trace.emptied && folder) {
    for (const auto& entry : fs::directory_iterator(trace.path, error)) {
      fs::remove_all(entry.path(), error);
      if (error) break;
    }
  } else if (trace.emptied && fs::is_regular_file(fs::symlink_status(trace.path, error))) {
    fs::resize_file(trace.path, 0, error);
  } else {
    fs::remove_all(trace.path, error);
  }
  if (!error) return {};
  const Errc code =
      error == std::errc::permission_denied || error == std::errc::operation_not_permitted
          ? Errc::permission_denied
          : Errc::io;
  return Error(code, trace.path.string() + ": " + error.message());
}

}  // namespace kagent::ctl
