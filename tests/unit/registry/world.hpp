#pragma once

#include "coordinator/registry/registry.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// A registry, a clock that tests move by hand, and nodes that report what a test makes them report.
namespace kagent::coordinator {

class World {
 public:
  explicit World(Policy policy = {}, Snapshot snapshot = {})
      : registry(policy, std::move(snapshot), {}, now) {}

  void pass(std::chrono::milliseconds time) {
    now.steady += time;
    now.wall += time;
  }

  void enrol(const std::string& id, WantedRole wanted = WantedRole::automatic) {
    registry.enrol(id, "key-of-" + id, wanted, now);
    take();
  }

  // Says Hello with the serial of the last Assignment that was sent to the node.
  void connect(const std::string& id, WantedRole wanted = WantedRole::automatic) {
    Hello hello;
    hello.wanted = wanted;
    hello.assignment_serial = held_[id];
    registry.connected(id, std::move(hello), now);
    take();
  }

  void join(const std::string& id, WantedRole wanted = WantedRole::automatic) {
    enrol(id, wanted);
    connect(id, wanted);
  }

  void say(const std::string& id, const std::string& step, StepState state,
           const std::string& cause = {}) {
    Report report;
    report.node_name = names.contains(id) ? names[id] : id;
    report.address = addresses[id];
    StepReport told;
    told.name = step;
    told.state = state;
    told.cause = cause;
    report.steps.push_back(told);
    registry.reported(id, std::move(report), now);
    take();
  }

  void initialise(const std::string& id) {
    say(id, "init", StepState::done);
    registry.cluster_ready(id, {{id, "10.0.0.1:6443", "CA"}, registry.lease().fence}, now);
    registry.kubernetes_nodes(id, {{id, {}}}, now);
    take();
  }

  // Lets the node join the cluster by a grant.
  void let_in(const std::string& id) {
    say(id, "join", StepState::waiting);
    answer(*last<RequestMint>());
    say(id, "join", StepState::done);
  }

  void answer(const RequestMint& mint, const std::string& token = "abcdef.0123456789abcdef") {
    Minted minted;
    minted.request = mint.request;
    minted.bootstrap_token = token;
    if (mint.control_plane) minted.certificate_key = std::string(64, 'a');
    minted.expires_at = now.wall + mint.ttl;
    registry.minted(mint.minter, std::move(minted), now);
    take();
  }

  // What the registry asked for since the last clear().
  template <class Wanted>
  [[nodiscard]] std::vector<Wanted> all() const {
    std::vector<Wanted> found;
    const auto collect = [&found](const auto& actions) {
      for (const auto& action : actions)
        if (const auto* wanted = std::get_if<Wanted>(&action)) found.push_back(*wanted);
    };
    for (const Actions& batch : batches)
      if constexpr (std::is_constructible_v<Write, Wanted>)
        collect(batch.writes);
      else
        collect(batch.sends);
    return found;
  }
  template <class Wanted>
  [[nodiscard]] std::optional<Wanted> last() const {
    const auto found = all<Wanted>();
    return found.empty() ? std::nullopt : std::optional<Wanted>(found.back());
  }
  void clear() { batches.clear(); }

  void tick() {
    registry.tick(now);
    take();
  }

  // Call after each event that a test hands to the registry directly.
  void take() {
    Actions actions = registry.take_actions();
    for (const Send& send : actions.sends)
      if (const auto* sent = std::get_if<SendAssignment>(&send)) held_[sent->node] = sent->serial;
    if (!actions.empty()) batches.push_back(std::move(actions));
  }

  [[nodiscard]] Role role(const std::string& id) const { return registry.find(id)->record.role; }
  [[nodiscard]] Phase phase(const std::string& id) const {
    return registry.status(*registry.find(id)).phase;
  }
  [[nodiscard]] std::string reason(const std::string& id) const {
    return registry.status(*registry.find(id)).reason;
  }

  Now now{std::chrono::steady_clock::time_point(std::chrono::hours(1)),
          std::chrono::system_clock::time_point(std::chrono::hours(490'000))};
  Registry registry;
  std::vector<Actions> batches;              // one for each event
  std::map<std::string, std::string> names;  // by node id; default: the id
  std::map<std::string, std::string> addresses;

 private:
  std::map<std::string, std::uint64_t> held_;  // serial of the last Assignment, by node id
};

}  // namespace kagent::coordinator
