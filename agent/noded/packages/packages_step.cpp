#include "agent/noded/packages/install.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

// The image's programs that are missing or do not fit together. Changes nothing.
asio::awaitable<Result<std::vector<packages::Misfit>>> misfits_of(ContextPtr context) {
  packages::Wanted wanted = wanted_by(context->cluster);
  auto versions = co_await installed_versions(context);
  if (!versions) co_return versions.error();
  const auto asked = packages::find_version(context->cluster.kubernetes_version());
  if (!asked && versions->contains("kubeadm")) wanted.kubernetes = versions->at("kubeadm");
  std::vector<packages::Misfit> found;
  for (const auto& program : packages::core_programs(wanted))
    if (!context->has_program(program))
      found.push_back(
          {Failure("packages.program-missing", fmt::format("program {} is not installed", program),
                   "Install it in the machine image, or set packages.mode to install in the "
                   "ClusterConfig.")});
  // In a cluster already: from there on versions change by an upgrade only.
  if (context->exists(kubelet_conf)) co_return found;
  const auto& ignored = context->cluster.ignore_preflight_errors();
  for (auto& misfit : packages::misfits(*versions, asked))
    if (std::ranges::find(ignored, misfit.check) == ignored.end())
      found.push_back(std::move(misfit));
  co_return found;
}

Outcome refused(const std::vector<packages::Misfit>& misfits) {
  std::string all;
  for (const auto& misfit : misfits) all += (all.empty() ? "" : "; ") + misfit.failure.message;
  Failure failure = misfits.front().failure;
  failure.message = std::move(all);
  return failed(std::move(failure));
}

class Packages final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "packages"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (!installs(*context)) {
      auto misfits = co_await misfits_of(context);
      if (!misfits) co_return misfits.error();
      for (auto& misfit : *misfits) found.need(std::move(misfit.failure.message));
      co_return found;
    }
    auto state = co_await context->units->state(unit_name(name()));
    if (!state) co_return state.error();
    if (state->alive()) {
      found.state = StepState::running;
      co_return found;
    }
    Installation installation(context);
    if (!installation.possible()) {
      found.need("install the packages, but there is neither apt nor dnf");
      co_return found;
    }
    if (auto looked = co_await installation.look(); !looked) co_return looked.error();
    for (auto& change : installation.changes()) found.need(std::move(change));
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (installs(*context)) {
      Installation installation(context);
      if (!installation.possible())
        co_return failed("packages.no-manager", "this system has neither apt nor dnf",
                         "Bake the packages into the machine image and set packages.mode to "
                         "preinstalled.");
      if (auto looked = co_await installation.look(); !looked)
        co_return failed(name(), looked.error());
      Outcome installed = co_await installation.install();
      if (!installed.ok()) co_return installed;
    }
    // A person must correct an image's packages. Installed packages are checked again.
    auto misfits = co_await misfits_of(context);
    if (!misfits) co_return failed(name(), misfits.error());
    if (!misfits->empty()) co_return refused(*misfits);
    co_return succeeded();
  }

 private:
  static bool installs(const Context& context) {
    return context.cluster.packages().mode() == "install";
  }
};

}  // namespace

std::unique_ptr<Step> make_packages() {
  return std::make_unique<Packages>();
}

}  // namespace kagent::noded
