#include "tests/unit/registry/simulation.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

// Long enough for all retries after one or two faults.
constexpr unsigned longest_seconds = 300;

// The node that a message goes to; empty: the coordinator acts itself.
struct Addressee {
  std::string operator()(const SendAssignment& sent) const { return sent.node; }
  std::string operator()(const SendGrant& sent) const { return sent.node; }
  std::string operator()(const SendReset& sent) const { return sent.node; }
  std::string operator()(const RequestMint& sent) const { return sent.minter; }
  std::string operator()(const RevokeToken& sent) const { return sent.minter; }
  std::string operator()(const RequestDrain& sent) const { return sent.worker; }
  std::string operator()(const RequestUnregister& sent) const { return sent.worker; }
  std::string operator()(const ControlPlaneMade&) const { return {}; }
  std::string operator()(const Disconnect&) const { return {}; }
  std::string operator()(const Changed&) const { return {}; }
};

class Disk {
 public:
  explicit Disk(Snapshot& disk) : disk_(disk) {}

  void operator()(const BindNode& bind) { disk_.nodes.push_back({bind.record, {}}); }
  void operator()(const SaveNode& save) {
    for (StoredNode& node : disk_.nodes)
      if (node.record.id == save.record.id) node.record = save.record;
  }
  void operator()(const RebindNode&) {}  // no node here changes its key
  void operator()(const SaveCluster& save) { disk_.cluster = save.cluster; }
  void operator()(const TakeLease& take) { disk_.lease = take.lease; }

 private:
  Snapshot& disk_;
};

}  // namespace

Simulation::Simulation(Fault fault, std::set<std::size_t> at) : fault_(fault), at_(std::move(at)) {}

bool Simulation::all_joined() const {
  return std::ranges::all_of(machines_, [](const auto& entry) { return entry.second.joined; });
}

void Simulation::start() {
  registry_.emplace(Policy{}, disk_, std::vector<std::optional<Report>>{}, now_);
  for (auto& [id, machine] : machines_) come(machine);
}

// Messages that are under way are lost with the sessions.
void Simulation::crash() {
  queue_.clear();
  registry_.reset();
  for (auto& [id, machine] : machines_) machine.connected = false;
  start();
}

void Simulation::come(Machine& machine) {
  if (!machine.enrolled)
    later([&](Registry& registry) {
      const auto answer =
          registry.enrol(machine.id, "key-of-" + machine.id, WantedRole::automatic, now_);
      if (answer == Enrolment::other_key) break_promise(machine.id + " was not known as itself");
    });
  later([&](Registry& registry) {
    machine.enrolled = machine.connected = true;
    Hello hello;
    hello.assignment_serial = machine.assignment;
    hello.report = report(machine);
    registry.connected(machine.id, std::move(hello), now_);
    if (machine.init && machine.joined)
      registry.cluster_ready(machine.id, {{machine.id, "10.0.0.1:6443", "CA"}, 0}, now_);
  });
}

Report Simulation::report(const Machine& machine) const {
  Report report;
  report.node_name = machine.id;
  report.reset_serial = machine.reset;
  if (machine.role == Role::none) return report;
  StepReport step;
  step.name = machine.init ? "init" : "join";
  step.state = machine.joined ? StepState::done : StepState::waiting;
  report.steps.push_back(step);
  return report;
}

void Simulation::say(const Machine& machine) {
  later([this, &machine](Registry& registry) {
    if (machine.connected) registry.reported(machine.id, report(machine), now_);
  });
}

void Simulation::happen(const Event& event) {
  event(*registry_);
  const auto [writes, sends] = registry_->take_actions();
  if (!writes.empty()) {
    if (fault_ == Fault::crash && fault_here()) return crash();
    commit(writes);
  }
  for (const Send& send : sends) {
    const std::string to = std::visit(Addressee(), send);
    if (to.empty()) continue;
    if (fault_ == Fault::crash && fault_here()) return crash();
    Machine& machine = machines_.at(to);
    if (!deliver(machine, send)) {
      machine.connected = false;
      later([this, id = machine.id](Registry& registry) { registry.disconnected(id, now_); });
      come(machine);
    }
  }
}

void Simulation::commit(const std::vector<Write>& writes) {
  for (const Write& write : writes) std::visit(Disk(disk_), write);
}

bool Simulation::deliver(Machine& machine, const Send& send) {
  if (!machine.connected) return true;  // the coordinator has no session to send on
  if (fault_ == Fault::lost_line && fault_here()) return false;
  std::visit(
      [&](const auto& order) {
        if constexpr (requires { take(machine, order); }) take(machine, order);
      },
      send);
  return true;
}

// kagent-noded accepts an envelope only if its serial is higher than the last.
void Simulation::take_serial(Machine& machine, std::uint64_t serial) {
  if (serial <= machine.last_serial) break_promise("a serial of " + machine.id + " came twice");
  machine.last_serial = serial;
}

void Simulation::take(Machine& machine, const SendAssignment& order) {
  take_serial(machine, order.serial);
  if (machine.role != Role::none && machine.role != order.role)
    break_promise(machine.id + " got another role");
  machine.role = order.role;
  machine.init = order.init;
  machine.assignment = order.serial;
  if (machine.init && !machine.joined) {
    ++inits_;
    machine.joined = true;
    later([this, &machine](Registry& registry) {
      if (machine.connected)
        registry.cluster_ready(machine.id, {{machine.id, "10.0.0.1:6443", "CA"}, 0}, now_);
    });
  }
  say(machine);
}

void Simulation::take(Machine&, const RequestMint& order) {
  const std::string id = "t" + std::to_string(++minted_);
  tokens_[id] = order.node;
  later([this, order, id](Registry& registry) {
    if (!machines_.at(order.minter).connected) return;
    Minted minted;
    minted.request = order.request;
    minted.bootstrap_token = id + ".secret";
    minted.expires_at = now_.wall + order.ttl;
    registry.minted(order.minter, std::move(minted), now_);
  });
}

void Simulation::take(Machine& machine, const SendGrant& grant) {
  take_serial(machine, grant.serial);
  const auto token = tokens_.find(grant.bootstrap_token.substr(0, grant.bootstrap_token.find('.')));
  if (machine.joined) return;
  if (token == tokens_.end())
    return say(machine);  // the token was revoked; the node waits for another
  if (token->second != machine.id) break_promise(machine.id + " got the token of another");
  machine.joined = true;
  say(machine);
}

void Simulation::take(Machine& machine, const SendReset& order) {
  take_serial(machine, order.serial);
  if (!machine.may_reset) break_promise(machine.id + " was told to reset");
  machine.role = Role::none;
  machine.init = machine.joined = false;
  machine.assignment = 0;
  machine.reset = order.serial;
  ++machine.resets;
  say(machine);
}

void Simulation::take(Machine&, const RevokeToken& order) {
  tokens_.erase(order.token_id);
}

void Simulation::take(Machine&, const RequestDrain& order) {
  if (machines_.at(order.node_name).resets > 0) break_promise(order.node_name + " is drained late");
  later([this, order](Registry& registry) {
    if (!machines_.at(order.worker).connected) return;
    Drained outcome;
    outcome.request = order.request;
    outcome.done = true;
    registry.drained(order.worker, outcome, now_);
  });
}

void Simulation::take(Machine&, const RequestUnregister& order) {
  Machine& machine = machines_.at(order.node_name);
  if (machine.joined) break_promise("the Node of " + machine.id + " is deleted under its kubelet");
  machine.unregistered = true;
  later([this, order](Registry& registry) {
    if (machines_.at(order.worker).connected)
      registry.unregistered(order.worker, order.request, {}, now_);
  });
}

// An administrator repeats an order until the coordinator has answered, which it does from disk.
void Simulation::order(const std::string& id, const LeaveWish& wish) {
  if (machines_.at(id).may_reset && registry_->find(id) == nullptr) return;
  for (const StoredNode& node : disk_.nodes)
    if (node.record.id == id && (node.record.leave.stage != LeaveStage::none || has_left(id)))
      return;
  later([this, id, wish](Registry& registry) {
    machines_.at(id).may_reset = true;
    (void)registry.leave(id, wish, now_);
  });
}

void Simulation::leave(const std::string& comes_back, const std::string& is_removed) {
  LeaveWish reset;
  reset.rejoin = true;
  LeaveWish removal;
  removal.remove = true;
  for (unsigned second = 0; second < longest_seconds; ++second) {
    order(comes_back, reset);
    order(is_removed, removal);
    run_queue();
    const bool back = has_left(comes_back) && machines_.at(comes_back).joined;
    if (back && this->is_removed(is_removed) && second > 10) return;
    pass_a_second();
  }
}

void Simulation::run_queue() {
  while (!queue_.empty()) {
    const Event event = std::move(queue_.front());
    queue_.pop_front();
    happen(event);
  }
}

void Simulation::pass_a_second() {
  now_.steady += std::chrono::seconds(1);
  now_.wall += std::chrono::seconds(1);
  later([this](Registry& registry) {
    std::map<std::string, KubernetesState> kubernetes;
    for (const auto& [id, machine] : machines_) {
      if (machine.connected) registry.heard(id, now_);
      if (machine.joined) kubernetes[id].ready = true;
    }
    for (const auto& [id, machine] : machines_)
      if (machine.connected && machine.init) registry.kubernetes_nodes(id, kubernetes, now_);
    registry.tick(now_);
  });
}

void Simulation::run(unsigned nodes) {
  for (unsigned i = 1; i <= nodes; ++i) {
    const std::string id = "i-" + std::to_string(i);
    machines_[id].id = id;
  }
  start();
  for (unsigned second = 0; second < longest_seconds; ++second) {
    run_queue();
    // Ten seconds more, so that tokens are revoked.
    if (all_joined() && second > 10) return;
    pass_a_second();
  }
}

}  // namespace kagent::coordinator
