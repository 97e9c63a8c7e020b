#include "agent/noded/network/metadata_rules.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <algorithm>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char unit[] = "kagent-metadata.service";
constexpr char unit_path[] = "/etc/systemd/system/kagent-metadata.service";
constexpr char rules_path[] = "/etc/kagent/metadata.nft";

std::vector<FileWant> files(const Context& context) {
  return {{unit_path, std::string(metadata_unit), 0644},
          {rules_path, metadata_rules(context.cluster.metadata_access()), 0644}};
}

// Blocks the metadata service for pods, or for everybody except kagent, before the first pod
// starts.
class Metadata final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "metadata"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    auto state = co_await context->units->state(unit);
    if (!state) co_return state.error();
    if (!closes_metadata(context->cluster.metadata_access())) {
      if (state->alive()) found.need("open the metadata service to everybody");
      co_return found;
    }
    if (state->load == "masked") co_return found;  // the operator's decision
    need_files(*context, files(*context), found);
    if (is_to_come(*context, "nft")) {
      found.need("close the metadata service, once nftables is installed");
      co_return found;
    }
    if (state->file != "enabled") found.need("enable kagent-metadata");
    if (!co_await is_closed(context)) found.need("close the metadata service to others");
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    auto state = co_await context->units->state(unit);
    if (!state) co_return failed(name(), state.error());
    const bool wanted = closes_metadata(context->cluster.metadata_access());
    if (!wanted && state->alive()) {
      auto stopped = co_await context->units->job(Verb::stop, unit);
      if (!stopped) co_return failed(name(), stopped.error());
    }
    if (!wanted || state->load == "masked") co_return succeeded();
    if (!context->has_program("nft"))
      co_return failed("metadata.program-missing", "nft is not installed, metadataAccess needs it",
                       "Install nftables in the machine image, or set packages.mode to install.");
    if (auto written = write_files(*context, files(*context)); !written)
      co_return failed(name(), written.error());
    auto enabled = co_await context->units->enable(unit);
    if (!enabled) co_return failed(name(), enabled.error());
    auto closed = co_await context->units->job(Verb::restart, unit);
    if (closed) co_return succeeded();
    UnitRun run;
    run.unit = unit;
    auto now = co_await context->units->state(unit);
    if (now) run.invocation_id = now->invocation_id;
    std::string message = "the rules cannot be loaded: " + closed.error().message();
    co_return co_await unit_failed(
        run, "metadata.not-closed", std::move(message),
        "See the journal lines; nftables and its kernel modules must be there.");
  }

 private:
  // Reads the rules, since the unit stays active even if somebody flushes them.
  static asio::awaitable<bool> is_closed(ContextPtr context) {
    if (!context->has_program("nft")) co_return false;
    Command::Argv argv{"nft", "list", "table", "inet", "kagent_metadata"};
    auto rules = co_await output_of(context, unit_name("metadata", "look"), std::move(argv), 30s);
    if (!rules) co_return false;
    const bool for_kagent = context->cluster.metadata_access() == "kagent";
    co_return (rules->find("skuid") != std::string::npos) == for_kagent;
  }
};

}  // namespace

std::unique_ptr<Step> make_metadata() {
  return std::make_unique<Metadata>();
}

}  // namespace kagent::noded
