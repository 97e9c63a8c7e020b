#include "coordinator/registry/grants.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace kagent::coordinator {

Grants::Grants(const Policy& policy, Nodes& nodes, const ControlPlanes& control_planes,
               const Cluster& cluster, const Names& names, RequestIds& ids, Outbox& out)
    : policy_(policy),
      nodes_(nodes),
      control_planes_(control_planes),
      cluster_(cluster),
      names_(names),
      ids_(ids),
      out_(out) {}

bool Grants::needs_mint(const Node& node, const Joiner& joiner, Now now) const {
  if (!node.connected || joiner.mint || node.record.joined) return false;
  if (node.record.role == Role::none || cluster_.initialises(node)) return false;
  if (node.record.leave.stage != LeaveStage::none) return false;
  if (!step_is(node, "join", StepState::waiting) || now.steady < joiner.next_mint) return false;
  if (!joiner.grant) return true;
  // The join has run and waits again: the grant was used up or rejected.
  if (joiner.grant->taken_up || joiner.grant->expires_at <= now.wall) return true;
  return now.steady - joiner.grant->sent >= policy_.grant_patience;
}

// Two control planes that join at the same time race in etcd. A lost one blocks the others until
// its token has expired.
const Node* Grants::joining_control_plane(const Node& but, Now now) const {
  for (const auto& [order, node] : control_planes_.by_order()) {
    if (node == &but || node->record.joined) continue;
    const Joiner& joiner = joiner_of(*node);
    if (joiner.mint || (!node->lost && step_is(*node, "join", StepState::running))) return node;
    if (joiner.grant && (!node->lost || joiner.grant->expires_at > now.wall)) return node;
  }
  return nullptr;
}

void Grants::pump(Node& node, Now now) {
  if (!cluster_.initialized() || requests_.size() >= policy_.mints_at_once) return;
  Joiner& joiner = joiners_[&node];
  if (!needs_mint(node, joiner, now)) return;
  if (std::string problem = names_.problem(node); !problem.empty()) {
    if (problem != joiner.problem) out_.changed(node.record.id);
    joiner.problem = std::move(problem);
    return;
  }
  if (node.record.role == Role::control_plane)
    if (const Node* first = joining_control_plane(node, now)) {
      joiner.problem = "control planes join one at a time: waits for " + first->record.name;
      return;
    }
  if (Node* minter = control_planes_.reachable(&node)) request_mint(node, *minter, now);
}

void Grants::pump_all(Now now) {
  if (!cluster_.initialized()) return;
  for (const auto& [order, node] : waiting_) {
    if (requests_.size() >= policy_.mints_at_once) return;
    pump(*node, now);
  }
}

void Grants::request_mint(Node& node, Node& minter, Now now) {
  withdraw(node);
  if (!std::exchange(node.record.name_bound, true)) out_.save(node.record);
  RequestMint mint{
      minter.record.id, ids_.next(), node.record.id, node.record.name, policy_.token_ttl, false, 0};
  if (node.record.role == Role::control_plane) {
    mint.control_plane = true;
    mint.serial = out_.take_serial(minter.record);
  }
  const auto limit = mint.control_plane ? policy_.certificates_timeout : policy_.mint_timeout;
  Joiner& joiner = joiners_[&node];
  joiner.problem.clear();
  joiner.mint = Mint{mint.request, minter.record.id, now.steady + limit};
  requests_.emplace(mint.request, &node);
  out_.send(std::move(mint));
  // If this token does not work, the next one comes after a longer delay each time.
  const auto delay = std::min(policy_.mint_retry_first * (1U << std::min(joiner.mints, 10U)),
                              policy_.mint_retry_cap);
  joiner.next_mint = now.steady + delay;
  ++joiner.mints;
}

void Grants::drop_mint(Node& node) {
  Joiner& joiner = joiners_[&node];
  if (!joiner.mint) return;
  requests_.erase(joiner.mint->request);
  joiner.mint.reset();
}

void Grants::mint_failed(Node& node, std::string problem, Now now) {
  drop_mint(node);
  Joiner& joiner = joiners_[&node];
  joiner.problem = std::move(problem);
  joiner.next_mint = std::max(joiner.next_mint, now.steady + policy_.mint_retry_first);
  out_.changed(node.record.id);
}

void Grants::expire(Now now) {
  std::vector<Node*> late;
  for (const auto& [request, node] : requests_)
    if (joiners_.at(node).mint->deadline <= now.steady) late.push_back(node);
  for (Node* node : late)
    mint_failed(*node, "the control plane did not answer the request for a bootstrap token", now);
}

void Grants::minted(const std::string& minter, Minted outcome, Now now) {
  const auto found = requests_.find(outcome.request);
  const std::string token_id = outcome.bootstrap_token.substr(0, outcome.bootstrap_token.find('.'));
  if (found == requests_.end() || joiners_.at(found->second).mint->minter != minter) {
    if (!token_id.empty()) out_.send(RevokeToken{minter, token_id});
    return;
  }
  Node& node = *found->second;
  if (outcome.problem.empty() && token_id.empty()) outcome.problem = "the token is empty";
  // Without the key kubeadm would make certificates of its own for the cluster.
  if (outcome.problem.empty() && node.record.role == Role::control_plane &&
      outcome.certificate_key.empty()) {
    out_.send(RevokeToken{minter, token_id});
    outcome.problem = minter + " sent no certificate key";
  }
  if (!outcome.problem.empty()) {
    mint_failed(node, "no bootstrap token could be made: " + outcome.problem, now);
    return;
  }
  drop_mint(node);
  Joiner& joiner = joiners_[&node];
  joiner.problem.clear();
  joiner.grant = Grant{token_id, minter, outcome.expires_at, now.steady, false};
  const std::uint64_t serial = out_.take_serial(node.record);
  out_.send(SendGrant{node.record.id, serial, std::move(outcome.bootstrap_token),
                      std::move(outcome.certificate_key), outcome.expires_at});
  out_.changed(node.record.id);
  if (requests_.size() <= policy_.mints_at_once / 2) pump_all(now);
}

void Grants::reported(Node& node) {
  const StepReport* join = node.report->step("join");
  if (join != nullptr && join->state == StepState::waiting) {
    waiting_.emplace(node.record.order, &node);
    return;
  }
  waiting_.erase(node.record.order);
  Joiner& joiner = joiners_[&node];
  if (join != nullptr && joiner.grant) joiner.grant->taken_up = true;
}

void Grants::restart(Node& node) {
  drop_mint(node);
  Joiner& joiner = joiners_[&node];
  joiner.mints = 0;
  joiner.next_mint = {};
  joiner.problem.clear();
  if (joiner.grant && !joiner.grant->taken_up) withdraw(node);
}

void Grants::disconnected(Node& node, Now now) {
  drop_mint(node);
  std::vector<Node*> orphans;
  for (const auto& [request, waiting] : requests_)
    if (joiners_.at(waiting).mint->minter == node.record.id) orphans.push_back(waiting);
  for (Node* orphan : orphans)
    mint_failed(*orphan, "the control plane went away before it answered", now);
}

void Grants::withdraw(Node& node) {
  Joiner& joiner = joiners_[&node];
  if (!joiner.grant) return;
  // Any control plane can revoke a token; the one that minted it may be gone. Without a reachable
  // control plane the token expires by itself.
  const Node* revoker = nodes_.find(joiner.grant->minter);
  if (revoker == nullptr || !revoker->connected) revoker = control_planes_.reachable(&node);
  if (revoker != nullptr) out_.send(RevokeToken{revoker->record.id, joiner.grant->token_id});
  joiner.grant.reset();
}

void Grants::forget(Node& node) {
  drop_mint(node);
  withdraw(node);
  waiting_.erase(node.record.order);
}

void Grants::announce_waiting() {
  for (const auto& [order, node] : waiting_) out_.changed(node->record.id);
}

const Grants::Joiner& Grants::joiner_of(const Node& node) const {
  static const Joiner none;
  const auto found = joiners_.find(&node);
  return found == joiners_.end() ? none : found->second;
}

std::string Grants::reason(const Node& node) const {
  const Joiner& joiner = joiner_of(node);
  if (!joiner.problem.empty()) return joiner.problem;
  if (joiner.mint) return "waits for its bootstrap token";
  if (joiner.grant && !joiner.grant->taken_up) return "its grant is on the way";
  return {};
}

}  // namespace kagent::coordinator
