#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// A node's life as data: the one list of steps, read from top to bottom. kagentd sequences it,
// kagent-noded knows how to do each.
namespace kagent::plan {

enum class Role : std::uint8_t { control_plane, worker };

// Something from outside that a step waits for.
enum class Gate : std::uint8_t {
  none,
  assignment,  // the coordinator's Assignment envelope
  init_lease,  // an Assignment with init = true
  join_grant,  // a JoinGrant envelope
};

// Which nodes a step is for.
enum class For : std::uint8_t { every, initializer, joiner, control_plane };

// What becomes of a step that was done and is not any more.
enum class Drift : std::uint8_t {
  ignore,
  report,  // it is shown, and left to the operator
  repair,  // it is applied again
};

struct Retry {
  unsigned attempts;                 // then the step has failed
  std::chrono::seconds first_delay;  // doubled each time, up to ten minutes
  // Once failed: what was wrong may have been mended meanwhile; more would burn the machine.
  std::chrono::seconds once_more_every{600};
};

struct Step {
  std::string_view name;
  For who;
  Gate gate;
  std::span<const std::string_view> after;  // names of steps
  Retry retry;
  std::chrono::seconds time_limit;  // of one attempt
  Drift drift = Drift::ignore;      // unless ClusterConfig.watch says another
  // A change of these calls for a look at once: a file, or a folder with a slash at its end.
  std::span<const std::string_view> files = {};
};

// All steps, each after those it needs.
std::span<const Step> all_steps();
// Those that undo them, on a ResetOrder.
std::span<const Step> reset_steps();

// "ignore", "report", "repair"; nothing: neither.
std::optional<Drift> parse_drift(std::string_view text);

const Step* find(std::string_view name);  // of either kind

// The steps of one node, in the order of all_steps(), with `after` still naming only steps in it or
// steps that this node does not have (which then count as done).
std::vector<const Step*> steps_for(Role role, bool init);

}  // namespace kagent::plan
