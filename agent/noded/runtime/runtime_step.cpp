#include "agent/noded/runtime/runtime_daemon.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

using Daemons = std::vector<std::unique_ptr<RuntimeDaemon>>;

Daemons daemons_of(const Context& context) {
  Daemons daemons;
  if (uses_docker(context)) {
    daemons.push_back(make_docker());
    if (uses_cri_dockerd(context)) daemons.push_back(make_cri_dockerd());
  } else {
    daemons.push_back(make_containerd());
  }
  return daemons;
}

class Runtime final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "runtime"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (is_to_come(*context, "kubeadm")) {
      found.need("configure and start " + context->cluster.runtime() + ", once it is installed");
      co_return found;
    }
    const Daemons daemons = daemons_of(*context);
    for (const auto& daemon : daemons)
      if (auto checked = co_await daemon->check(context, found); !checked)
        co_return checked.error();
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const Daemons daemons = daemons_of(*context);
    for (const auto& daemon : daemons) {
      Outcome outcome = co_await daemon->apply(context);
      if (!outcome.ok()) co_return outcome;
    }
    co_return succeeded();
  }
};

}  // namespace

std::unique_ptr<Step> make_runtime() {
  return std::make_unique<Runtime>();
}

}  // namespace kagent::noded
