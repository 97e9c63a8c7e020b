#pragma once

#include "coordinator/registry/registry.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

// A whole cluster that forms without I/O: the registry, its disk, and obedient nodes.
// Faults happen at chosen points; a run without faults counts the points.
namespace kagent::coordinator {

enum class Fault : std::uint8_t {
  crash,     // the coordinator is killed and starts again from its disk
  lost_line  // a message is lost, and the session of its node breaks
};

class Simulation {
 public:
  // `at`: the points of the faults, counted from 0 in the order in which they are reached.
  Simulation(Fault fault, std::set<std::size_t> at);

  void run(unsigned nodes);
  // Call after run(): one node is reset and comes back, another is removed.
  void leave(const std::string& comes_back, const std::string& is_removed);

  [[nodiscard]] std::size_t points() const { return points_; }
  [[nodiscard]] unsigned inits() const { return inits_; }
  [[nodiscard]] bool all_joined() const;
  [[nodiscard]] bool is_removed(const std::string& id) const {
    return registry_->find(id) == nullptr && registry_->removed(id) != nullptr;
  }
  [[nodiscard]] bool has_left(const std::string& id) const {
    const auto& machine = machines_.at(id);
    return machine.resets > 0 && machine.unregistered;
  }
  // The first broken promise; empty: there was none.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  // Bootstrap tokens that are not revoked, with their nodes.
  [[nodiscard]] const std::map<std::string, std::string>& live_tokens() const { return tokens_; }

 private:
  struct Machine {
    std::string id;
    bool enrolled = false, connected = false;
    std::uint64_t last_serial = 0, assignment = 0;
    Role role = Role::none;
    bool init = false, joined = false;
    bool may_reset = false, unregistered = false;
    std::uint64_t reset = 0;  // serial of the last ResetOrder
    unsigned resets = 0;
  };
  using Event = std::function<void(Registry&)>;

  void start();
  void crash();
  bool fault_here() { return at_.contains(points_++); }
  void happen(const Event& event);
  void commit(const std::vector<Write>& writes);
  // False: the session broke.
  bool deliver(Machine& machine, const Send& send);
  void later(Event event) { queue_.push_back(std::move(event)); }
  void come(Machine& machine);
  [[nodiscard]] Report report(const Machine& machine) const;
  void take(Machine& machine, const SendAssignment& order);
  void take(Machine& machine, const SendGrant& grant);
  void take(Machine& machine, const SendReset& order);
  void take(Machine& machine, const RequestMint& order);
  void take(Machine& machine, const RevokeToken& order);
  void take(Machine& machine, const RequestDrain& order);
  void take(Machine& machine, const RequestUnregister& order);
  void pass_a_second();
  void run_queue();
  void order(const std::string& id, const LeaveWish& wish);
  void take_serial(Machine& machine, std::uint64_t serial);
  void say(const Machine& machine);
  void break_promise(const std::string& what) {
    if (broken_.empty()) broken_ = what;
  }

  Fault fault_;
  std::set<std::size_t> at_;
  std::size_t points_ = 0;
  Now now_{std::chrono::steady_clock::time_point(std::chrono::hours(1)),
           std::chrono::system_clock::time_point(std::chrono::hours(490'000))};
  Snapshot disk_;
  std::optional<Registry> registry_;
  std::deque<Event> queue_;
  std::map<std::string, Machine> machines_;
  std::map<std::string, std::string> tokens_;  // node ids by token id
  unsigned inits_ = 0, minted_ = 0;
  std::string broken_;
};

}  // namespace kagent::coordinator
