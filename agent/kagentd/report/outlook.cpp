#include "agent/kagentd/report/outlook.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>

namespace kagent::kagentd {
namespace {

using namespace std::chrono_literals;

constexpr auto largest_skew = 30s;

struct Kind {
  std::string_view kind;
  Cause cause;
  const char* name;  // as in ignorePreflightErrors
  const char* what;
  const char* remedy;
};
constexpr std::array kinds{
    Kind{"hostname", "preflight.duplicate-hostname", "DuplicateHostname", "hostname",
         "Give one of them another name, or `hostname: instance-id` in user-data."},
    Kind{"machine-id", "preflight.duplicate-machine-id", "DuplicateMachineID", "machine id",
         "Empty /etc/machine-id in the machine image, so that every instance makes its own."},
    Kind{"product-uuid", "preflight.duplicate-product-uuid", "DuplicateProductUUID",
         "product UUID of the firmware",
         "Give the cloned machine a UUID of its own in the hypervisor."},
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

void Outlook::welcome(const v1::Welcome& welcome, std::chrono::system_clock::time_point now) {
  ignored_.clear();
  for (const auto& name : welcome.ignore_preflight_errors()) ignored_.insert(lower(name));
  conflicts_.Clear();  // of the session before
  clock(welcome.coordinator_time(), now);
}

void Outlook::clock(const google::protobuf::Timestamp& coordinator,
                    std::chrono::system_clock::time_point now) {
  if (coordinator.seconds() == 0) return;  // an older coordinator does not send its time
  const auto theirs = std::chrono::seconds(coordinator.seconds());
  const auto difference =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()) - theirs;
  // In steps of 10 s, so that a small change makes no new report.
  skew_ = std::chrono::abs(difference) > largest_skew ? difference / 10 * 10 : 0s;
}

void Outlook::conflicts(const v1::Conflicts& conflicts) {
  conflicts_ = conflicts;
}

bool Outlook::is_ignored(const std::string& name) const {
  return ignored_.contains("all") || ignored_.contains(lower(name));
}

std::vector<Failure> Outlook::problems() const {
  std::vector<Failure> found;
  if (skew_ != 0s && !is_ignored("ClockSkew")) {
    std::string message = fmt::format("this node's clock is {} s {} the coordinator's",
                                      std::abs(skew_.count()), skew_ > 0s ? "ahead of" : "behind");
    found.emplace_back(Cause("preflight.clock-skew"), std::move(message),
                       "See `timedatectl` on both: certificates and tokens would not hold.");
  }
  for (const v1::Conflict& conflict : conflicts_.conflicts()) {
    const auto kind = std::ranges::find(kinds, conflict.kind(), &Kind::kind);
    if (kind == kinds.end() || is_ignored(kind->name)) continue;
    std::string message =
        fmt::format("node {} has the same {}: {}", conflict.other(), kind->what, conflict.value());
    found.emplace_back(kind->cause, std::move(message), kind->remedy);
  }
  return found;
}

}  // namespace kagent::kagentd
