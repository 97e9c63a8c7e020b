#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/address.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/system/hostname_step.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char path[] = "/etc/hosts";

// kubeadm and kubelet look up the node's own name. Without a name server, each lookup takes 10 to
// 20 seconds. kubelet then registers so late that its CSINode is delayed by two minutes, and so is
// Ready.
class Hosts final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "hosts"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (const auto want = wanted(*context); want.text != want.found)
      found.need(fmt::format("say in {} that {} is {}", path, want.name, want.address));
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const auto want = wanted(*context);
    if (want.text == want.found) co_return succeeded();
    if (auto written = write_in_place(*context, {path, want.text, 0644}); !written) {
      if (written.error().code() == Errc::resource_exhausted)
        co_return failed(name(), written.error());
      co_return failed(
          "hosts.not-written", written.error().message(),
          fmt::format("Add the line \"{} {}\" to {} yourself.", want.address, want.name, path));
    }
    co_return succeeded();
  }

 private:
  struct Want {
    std::string name;
    std::string address;
    std::string found;  // the current text
    std::string text;   // the wanted text
  };
  // Changes nothing if the node has no valid name or no address.
  static Want wanted(const Context& context) {
    const auto name = wanted_hostname(context);
    const std::string found = text_of(context, path);
    Want want{name ? *name : "", own_address(context), found, found};
    if (!want.name.empty() && !want.address.empty())
      want.text = machine::with_own_name(found, want.address, want.name);
    return want;
  }
};

}  // namespace

std::unique_ptr<Step> make_hosts() {
  return std::make_unique<Hosts>();
}

}  // namespace kagent::noded
