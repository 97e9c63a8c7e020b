#include "agent/noded/kubelet/kubelet_trouble.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char unit[] = "kubelet.service";

// The files of Kubernetes' own packages, for images that contain only the programs.
FileWant unit_file(const std::string& program) {
  return {"/etc/systemd/system/kubelet.service",
          fmt::format("# Made by kagent: no package has brought one.\n"
                      "[Unit]\n"
                      "Description=kubelet: The Kubernetes Node Agent\n"
                      "Documentation=https://kubernetes.io/docs/\n"
                      "Wants=network-online.target\n"
                      "After=network-online.target\n\n"
                      "[Service]\n"
                      "ExecStart={}\n"
                      "Restart=always\n"
                      "StartLimitInterval=0\n"
                      "RestartSec=10\n\n"
                      "[Install]\n"
                      "WantedBy=multi-user.target\n",
                      program),
          0644};
}

FileWant kubeadm_drop_in(const std::string& program) {
  return {"/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
          fmt::format("# Made by kagent: no package has brought one. The variables are kubeadm's.\n"
                      "[Service]\n"
                      "Environment=\"KUBELET_KUBECONFIG_ARGS="
                      "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf "
                      "--kubeconfig=/etc/kubernetes/kubelet.conf\"\n"
                      "Environment=\"KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml\"\n"
                      "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\n"
                      "EnvironmentFile=-/etc/default/kubelet\n"
                      "ExecStart=\n"
                      "ExecStart={} $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS "
                      "$KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n",
                      program),
          0644};
}

constexpr char order_path[] = "/etc/systemd/system/kubelet.service.d/20-container-runtime.conf";

// Without this order, kubelet often starts first after a boot and fails until its runtime is up.
FileWant order() {
  return {order_path,
          "# Made by kagent: after a boot kubelet starts when its container runtime is there.\n"
          "[Unit]\n"
          "After=containerd.service cri-docker.service\n",
          0644};
}

bool is_order(const FileWant& file) {
  return file.path == order_path;
}

bool has_drop_in(const UnitState& state, std::string_view end) {
  return std::ranges::any_of(state.drop_ins,
                             [&](const std::string& path) { return path.ends_with(end); });
}

Result<std::vector<FileWant>> missing_files(const UnitState& state) {
  std::vector<FileWant> files;
  if (!has_drop_in(state, "20-container-runtime.conf")) files.push_back(order());
  const bool packaged = state.load != "not-found";
  if (packaged && has_drop_in(state, "kubeadm.conf")) return files;
  const auto program = find_program("kubelet");
  if (!program) return program.error();
  if (!packaged) files.push_back(unit_file(*program));
  files.push_back(kubeadm_drop_in(*program));
  return files;
}

// Enables and starts kubelet. kubelet restarts again and again until init or join has written its
// configuration; this is normal.
class Kubelet final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "kubelet"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    auto state = co_await context->units->state(unit);
    if (!state) co_return state.error();
    if (state->load == "masked") {
      found.need("unmask kubelet.service, if it was not masked on purpose");
      found.state = StepState::blocked;  // the operator's decision
      co_return found;
    }
    if (is_to_come(*context, "kubelet")) {
      found.need("enable and start kubelet, once it is installed");
      co_return found;
    }
    const auto files = missing_files(*state);
    if (!files) co_return files.error();
    for (const auto& file : *files) found.need("write " + file.path);
    if (state->file != "enabled") found.need("enable kubelet");
    if (!state->alive()) found.need("start kubelet");
    auto trouble = co_await kubelet_trouble(context);
    if (trouble) found.need("mend kubelet: " + trouble->message);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    auto state = co_await context->units->state(unit);
    if (!state) co_return failed(name(), state.error());
    if (state->load == "masked")
      co_return failed("kubelet.masked", "kubelet.service is masked",
                       "Run `systemctl unmask kubelet`, if that was not on purpose.");
    const auto files = missing_files(*state);
    if (!files) co_return failed(name(), files.error());
    auto written = write_files(*context, *files);
    if (!written) co_return failed(name(), written.error());
    if (state->file != "enabled" || *written > 0) {
      auto enabled = co_await context->units->enable(unit);
      if (!enabled) co_return failed(name(), enabled.error());
    }
    // A new start order alone needs no restart of a running kubelet.
    const Verb verb = std::ranges::all_of(*files, &is_order) ? Verb::start : Verb::restart;
    if (verb == Verb::restart || !state->alive()) {
      auto started = co_await context->units->job(verb, unit);
      if (!started)
        co_return failed("kubelet.not-starting", started.error().message(),
                         "See `journalctl -u kubelet` on the node.");
    }
    auto trouble = co_await kubelet_trouble(context);
    if (!trouble) co_return succeeded();
    co_return failed(std::move(*trouble));
  }
};

}  // namespace

std::unique_ptr<Step> make_kubelet() {
  return std::make_unique<Kubelet>();
}

}  // namespace kagent::noded
