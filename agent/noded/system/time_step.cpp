#include "agent/noded/step/outcome.hpp"

#include <array>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

// Time services. timedated may not know the one that is in use.
constexpr std::array<const char*, 5> keepers{"chronyd.service", "chrony.service", "ntpd.service",
                                             "ntpsec.service", "systemd-timesyncd.service"};

// systemd writes this file when it is PID 1 of a container. The clock is then the host's.
constexpr char in_container[] = "/run/systemd/container";

constexpr char no_service[] =
    "no NTP service is installed, so nothing synchronises this node's clock";
constexpr char no_service_remedy[] =
    "Install chrony or systemd-timesyncd in the machine image; on EC2 the service can use "
    "169.254.169.123.";

enum class Keeping { yes, turned_off, nothing_does };

asio::awaitable<Result<Keeping>> keeping(ContextPtr context) {
  if (context->exists(in_container)) co_return Keeping::yes;
  auto clock = co_await context->host->clock();
  if (clock && clock->ntp) co_return Keeping::yes;
  if (clock && clock->can_ntp) co_return Keeping::turned_off;
  for (const char* keeper : keepers) {
    auto state = co_await context->units->state(keeper);
    if (state && state->alive()) co_return Keeping::yes;
  }
  if (!clock && clock.error().code() != Errc::not_found) co_return clock.error();
  co_return Keeping::nothing_does;
}

// Certificates and tokens have validity periods, so the clock must be right.
class Time final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "time"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    auto now = co_await keeping(context);
    if (!now) co_return now.error();
    if (*now == Keeping::turned_off) found.need("turn time synchronisation (NTP) on");
    if (*now == Keeping::nothing_does) found.need(no_service);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    auto now = co_await keeping(context);
    if (!now) co_return failed(name(), now.error());
    if (*now == Keeping::yes) co_return succeeded();
    if (*now == Keeping::nothing_does)
      co_return failed("time.no-ntp-service", no_service, no_service_remedy);
    auto turned = co_await context->host->turn_ntp_on();
    auto after = co_await keeping(context);
    if (!after) co_return failed(name(), after.error());
    if (*after == Keeping::yes) co_return succeeded();
    co_return failed("time.not-enabled",
                     "time synchronisation could not be turned on" +
                         (turned ? std::string() : ": " + turned.error().message()),
                     "See `timedatectl status` and the journal of the NTP service.");
  }
};

}  // namespace

std::unique_ptr<Step> make_time() {
  return std::make_unique<Time>();
}

}  // namespace kagent::noded
