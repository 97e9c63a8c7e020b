// Join grants: every waiting node gets a bootstrap token of its own, minted by a control plane.
#include "coordinator/registry/registry.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

bool join_is(const Node& node, StepState state) {
  const StepReport* join = node.report ? node.report->step("join") : nullptr;
  return join != nullptr && join->state == state;
}

}  // namespace

bool Registry::needs_mint(const Node& node, Now now) const {
  if (!node.connected || node.mint || node.record.joined) return false;
  if (node.record.role == Role::none || initialises(node)) return false;
  if (node.record.leave.stage != LeaveStage::none) return false;
  if (!join_is(node, StepState::waiting) || now.steady < node.next_mint) return false;
  if (!node.grant) return true;
  // The join has run and waits again: the grant was used up or turned down.
  if (node.grant->taken_up || node.grant->expires_at <= now.wall) return true;
  return now.steady - node.grant->sent >= policy_.grant_patience;
}

// Two control planes that join at once race in etcd. One that is lost is waited for until its token
// has expired.
const Node* Registry::joining_control_plane(const Node& but, Now now) const {
  for (const auto& [order, node] : control_planes_) {
    if (node == &but || node->record.joined) continue;
    if (node->mint || (!node->lost && join_is(*node, StepState::running))) return node;
    if (node->grant && (!node->lost || node->grant->expires_at > now.wall)) return node;
  }
  return nullptr;
}

const Node* Registry::reachable_control_plane(const Node* but) const {
  if (!cluster_.initialized()) return nullptr;
  const Node* best = nullptr;
  for (const auto& [order, candidate] : control_planes_) {
    if (!candidate->connected || !candidate->record.joined || candidate == but) continue;
    if (candidate->record.leave.stage > LeaveStage::drain) continue;
    if (candidate->record.id == cluster_.initialized_by) return candidate;
    if (best == nullptr) best = candidate;
  }
  return best;
}

void Registry::pump_grant(Node& node, Now now) {
  if (!cluster_.initialized() || mint_requests_.size() >= policy_.mints_at_once) return;
  if (!needs_mint(node, now)) return;
  if (std::string problem = name_problem(node); !problem.empty()) {
    if (problem != node.mint_problem) changed(node);
    node.mint_problem = std::move(problem);
    return;
  }
  if (node.record.role == Role::control_plane)
    if (const Node* first = joining_control_plane(node, now)) {
      node.mint_problem = "control planes join one at a time: waits for " + first->record.name;
      return;
    }
  if (const Node* minter = reachable_control_plane(&node)) request_mint(node, *minter, now);
}

void Registry::pump_grants(Now now) {
  if (!cluster_.initialized()) return;
  for (const auto& [order, node] : waiting_) {
    if (mint_requests_.size() >= policy_.mints_at_once) return;
    pump_grant(*node, now);
  }
}

void Registry::request_mint(Node& node, const Node& minter, Now now) {
  if (node.grant) revoke(node);
  if (!std::exchange(node.record.name_bound, true)) save(node);
  const std::uint64_t request = next_request_++;
  RequestMint mint{
      minter.record.id, request, node.record.id, node.record.name, policy_.token_ttl, false, 0};
  node.mint_problem.clear();
  if (node.record.role == Role::control_plane) {
    mint.control_plane = true;
    mint.serial = take_serial(minter.record.id);
  }
  const auto limit = mint.control_plane ? policy_.certificates_timeout : policy_.mint_timeout;
  node.mint = PendingMint{request, minter.record.id, now.steady + limit};
  mint_requests_.emplace(request, &node);
  out_.send(std::move(mint));
  // The next one, should this token not do, comes later each time.
  const auto delay = std::min(policy_.mint_retry_first * (1U << std::min(node.mints, 10U)),
                              policy_.mint_retry_cap);
  node.next_mint = now.steady + delay;
  ++node.mints;
}

void Registry::drop_mint(Node& node) {
  if (!node.mint) return;
  mint_requests_.erase(node.mint->request);
  node.mint.reset();
}

void Registry::mint_failed(Node& node, std::string problem, Now now) {
  drop_mint(node);
  node.mint_problem = std::move(problem);
  node.next_mint = std::max(node.next_mint, now.steady + policy_.mint_retry_first);
  changed(node);
}

void Registry::expire_mints(Now now) {
  std::vector<Node*> late;
  for (const auto& [request, node] : mint_requests_)
    if (node->mint->deadline <= now.steady) late.push_back(node);
  for (Node* node : late)
    mint_failed(*node, "the control plane did not answer the request for a bootstrap token", now);
}

void Registry::minted(const std::string& minter, Minted outcome, Now now) {
  if (Node* sender = get(minter)) hear(*sender, now);
  const auto found = mint_requests_.find(outcome.request);
  const std::string token_id = outcome.bootstrap_token.substr(0, outcome.bootstrap_token.find('.'));
  if (found == mint_requests_.end() || found->second->mint->minter != minter) {
    // Nobody waits for it any more: it must not live on.
    if (!token_id.empty()) out_.send(RevokeToken{minter, token_id});
    return;
  }
  Node& node = *found->second;
  if (outcome.problem.empty() && token_id.empty()) outcome.problem = "the token is empty";
  // Without it kubeadm would make a cluster's certificates of its own.
  if (outcome.problem.empty() && node.record.role == Role::control_plane &&
      outcome.certificate_key.empty()) {
    out_.send(RevokeToken{minter, token_id});
    outcome.problem = minter + " has given no certificate key";
  }
  if (!outcome.problem.empty()) {
    mint_failed(node, "no bootstrap token could be made: " + outcome.problem, now);
    return;
  }
  drop_mint(node);
  node.mint_problem.clear();
  node.grant = Grant{token_id, minter, outcome.expires_at, now.steady, false};
  const std::uint64_t serial = ++node.record.serial;
  save(node);
  out_.send(SendGrant{node.record.id, serial, std::move(outcome.bootstrap_token),
                      std::move(outcome.certificate_key), outcome.expires_at});
  changed(node);
  if (mint_requests_.size() <= policy_.mints_at_once / 2) pump_grants(now);
}

void Registry::revoke(Node& node) {
  // Any control plane can do it; the one that minted it need not be there any more. If none is, the
  // token expires by itself.
  const Node* minter = find(node.grant->minter);
  if (minter == nullptr || !minter->connected) minter = reachable_control_plane(&node);
  if (minter != nullptr) out_.send(RevokeToken{minter->record.id, node.grant->token_id});
  node.grant.reset();
}

}  // namespace kagent::coordinator
