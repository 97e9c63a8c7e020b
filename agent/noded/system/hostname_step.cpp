#include "agent/noded/system/hostname_step.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;

Result<std::string> wanted_hostname(const Context& context) {
  const std::string& policy = context.node.hostname();
  std::string name = node_name();
  const bool automatic = policy.empty() || policy == "auto";
  if (policy == "instance-id") {
    name = context.node_id;
  } else if (policy == "private-dns" || automatic) {
    const auto given = read_file(context.at(paths::local_hostname));
    if (given && !given->empty())
      name = *given;
    else if (!automatic)
      return Error{Errc::not_found,
                   "the hostname policy is private-dns, but there is no local-hostname from IMDS"};
  }
  std::string valid = machine::hostname_from(name);
  if (valid.empty() || valid == "localhost" || valid.starts_with("localhost."))
    return Error{Errc::invalid_argument,
                 fmt::format("\"{}\" is not a valid name for a Kubernetes node", name)};
  return valid;
}

namespace {

class Hostname final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "hostname"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    const auto wanted = wanted_hostname(*context);
    if (!wanted)
      found.need("give the node a valid hostname: " + wanted.error().message());
    else if (!is(*context, *wanted))
      found.need(fmt::format("change the hostname from \"{}\" to \"{}\"", node_name(), *wanted));
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const auto wanted = wanted_hostname(*context);
    if (!wanted)
      co_return failed("hostname.invalid", wanted.error().message(),
                       "Set a hostname in the image, or `hostname: instance-id` in user-data.");
    if (is(*context, *wanted)) co_return succeeded();
    std::string name = *wanted;
    auto set = co_await context->host->set_hostname(std::move(name));
    if (!set) {
      Error error = set.error().context("systemd-hostnamed");
      co_return failed("hostname", error);
    }
    co_return succeeded();
  }

 private:
  static bool is(const Context& context, const std::string& wanted) {
    const auto stored = read_file(context.at("/etc/hostname"));
    if (!stored) return false;
    return node_name() == wanted && machine::hostname_from(*stored) == wanted;
  }
};

}  // namespace

std::unique_ptr<Step> make_hostname() {
  return std::make_unique<Hostname>();
}

}  // namespace kagent::noded
