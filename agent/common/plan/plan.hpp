#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// The plan: the one list of a node's steps, read from top to bottom. kagentd decides their order at
// run time; kagent-noded does them.
namespace kagent::plan {

enum class Role : std::uint8_t { control_plane, worker };

// "control-plane" or "worker": on the wire, on the bus and for people.
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);  // nothing for any other text

// What a step waits for that does not come from this node.
enum class Gate : std::uint8_t {
  none,
  assignment,  // the coordinator's Assignment envelope
  init_lease,  // an Assignment with init = true
  join_grant,  // a JoinGrant envelope
};

// Which nodes a step is for.
enum class For : std::uint8_t { every, initializer, joiner, control_plane };

// What kagent does when a finished step is no longer in place.
enum class Drift : std::uint8_t {
  ignore,
  report,  // show it, and leave it to the operator
  repair,  // apply the step again
};

struct Retry {
  unsigned attempts;                 // after so many the step has failed
  std::chrono::seconds first_delay;  // doubled each time, up to ten minutes
  // A failed step is tried this often: the reason may be gone, and more tries would burn CPU.
  std::chrono::seconds once_more_every{600};
};

struct Step {
  std::string_view name;
  For who;
  Gate gate;
  std::span<const std::string_view> after;  // names of steps
  Retry retry;
  std::chrono::seconds time_limit;  // of one attempt
  Drift drift = Drift::ignore;      // unless ClusterConfig.watch sets another
  // A change of one of these files makes kagentd check at once. A folder ends with a slash.
  std::span<const std::string_view> files = {};
};

// All steps of a node's life. Each comes after the steps that it needs.
std::span<const Step> all_steps();
// The steps that a ResetOrder starts; they undo the others.
std::span<const Step> reset_steps();

// "ignore", "report" or "repair"; nothing for any other text.
std::optional<Drift> parse_drift(std::string_view text);

const Step* find(std::string_view name);  // in both lists; nullptr if there is none

// The steps of one node, in the order of all_steps(). `after` may still name steps that this node
// does not have; those count as done.
std::vector<const Step*> steps_for(Role role, bool init);

}  // namespace kagent::plan
