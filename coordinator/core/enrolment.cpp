// How a machine becomes a node, and who else would like to be it.
#include "agent/common/base/log.hpp"
#include "agent/common/values/values.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

constexpr std::size_t most_request_bytes = 64 << 10;
constexpr double renewals_a_second = 1.0 / 60, renewals_at_once = 5;

bool is_node_id(const std::string& id) {
  return values::NodeId::parse(id).has_value();
}

std::string short_key(const Claim& claim) {
  return claim.key_sha256.substr(0, 16);
}

Error refusal(Enrolment verdict, const Claim& claim) {
  const std::string& id = claim.node_id;
  switch (verdict) {
    case Enrolment::barred:
      return {Errc::permission_denied,
              "an administrator has unbound node " + id +
                  " from this very key: it makes another when /var/lib/kagent/node.key is removed "
                  "and kagentd restarted"};
    case Enrolment::removed:
      return {Errc::permission_denied,
              "node " + id + " was removed; `kagentctl rejoin " + id + "` lets it come back"};
    case Enrolment::other_role:
      return {Errc::permission_denied,
              "node " + id +
                  " has another role here than the token gives: it needs one for that "
                  "role, or `kagentctl remove " +
                  id + "` first"};
    case Enrolment::other_key:
    case Enrolment::accepted: break;
  }
  return {Errc::already_exists,
          "node " + id +
              " is bound to another key: another machine uses this id, or this one has lost its "
              "key; if so, `kagentctl forget " +
              id + " --key " + short_key(claim) + "` lets it in"};
}

// The one of them that the administrator means. `key`: its first digits, or empty.
Result<Claim> choose(std::vector<Claim> claims, const std::string& key, const Error& none) {
  if (!key.empty() && key.size() < 8)
    return Error(Errc::invalid_argument, "of the key at least 8 digits are needed");
  std::erase_if(claims, [&](const Claim& claim) { return !claim.key_sha256.starts_with(key); });
  if (claims.empty()) return none;
  if (claims.size() > 1)
    return Error(Errc::failed_precondition,
                 "several machines ask to be " + claims.front().node_id +
                     ": name the key of the right one with --key; it says its key in its journal "
                     "(journalctl -u kagentd)");
  return claims.front();
}

v1::Claim claim_message(const Claim& claim, bool rival, Now now) {
  v1::Claim message;
  message.set_node_id(claim.node_id);
  message.set_key_sha256(claim.key_sha256);
  message.set_address(claim.address);
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now.steady - claim.last);
  message.set_seconds_ago(static_cast<std::uint32_t>(ago.count()));
  message.set_rival(rival);
  return message;
}

}  // namespace

Result<Applicant> Coordinator::applicant_of(const v1::EnrollRequest& request,
                                            const Caller& caller) const {
  if (!is_node_id(request.node_id()))
    return Error(Errc::invalid_argument, "a node id is 1 to 64 letters, digits and '-'");
  if (request.ByteSizeLong() > most_request_bytes)
    return Error(Errc::invalid_argument, "the request is larger than 64 KiB");
  const auto csr = pki::parse_csr(request.csr());
  if (!csr) return Error(Errc::invalid_argument, csr.error().message());
  if (csr->common_name != request.node_id())
    return Error(Errc::invalid_argument, "the request is not for this node id");
  auto key = pki::spki_sha256(csr->public_key);
  if (!key) return Error(Errc::invalid_argument, key.error().message());
  const NodeRecord* record = registry_.record(request.node_id());
  const bool bound = record != nullptr && record->key_sha256 == *key;
  return Applicant{request, caller, csr->public_key, *key, bound};
}

// Whose certificate is still that of a node; one that was removed or unbound holds for a day yet.
bool Coordinator::is_node(const Caller& caller) const {
  const Node* node = registry_.find(caller.common_name);
  return caller.organization == pki::node_organization && node != nullptr &&
         node->record.key_sha256 == caller.key_sha256;
}

// For one more node.
Result<> Coordinator::has_seat() const {
  if (registry_.nodes().size() < most_nodes_) return {};
  return Error(Errc::resource_exhausted,
               "there are " + std::to_string(most_nodes_) +
                   " nodes, and enrolment.maxNodes of the ClusterConfig allows no more: "
                   "`kagentctl remove` those that are gone");
}

// A fleet of a thousand may come at once.
Result<> Coordinator::has_room(const Caller& caller, Now at) const {
  if (auto seat = has_seat(); !seat) return seat;
  if (!newcomers_.may_ask(caller.ip, at.steady))
    return Error(Errc::resource_exhausted,
                 "too many new nodes came from this address at once: wait a minute");
  return {};
}

// A certificate is good for a day; some more are for answers that were lost.
bool Coordinator::renews_too_often(const Applicant& applicant, Now at) {
  if (!applicant.bound) return false;
  Bucket& issued =
      renewals_.try_emplace(applicant.request.node_id(), renewals_a_second, renewals_at_once)
          .first->second;
  if (issued.until_room(at.steady).count() > 0) return true;
  issued.pour(1, at.steady);
  return false;
}

Result<Pass> Coordinator::take(const Applicant& applicant) {
  const std::string& id = applicant.request.node_id();
  const Now at = now();
  const auto pass = door_.admit(applicant, at);
  if (!pass) return pass.error();
  const bool role_fixed = pass->role != WantedRole::automatic;
  const Claim claim{id,
                    applicant.key_sha256,
                    applicant.caller.ip,
                    at.steady,
                    role_fixed ? pass->role : wanted_role(applicant.request.requested_role()),
                    role_fixed,
                    pass->token};
  const Enrolment verdict = registry_.judge(id, claim.key_sha256, claim.wanted, claim.role_fixed);
  if (verdict == Enrolment::other_key) {
    rivals_.note(claim);
    for (const auto& watcher : watchers_) watcher->changed(id);
  }
  if (verdict != Enrolment::accepted) return refusal(verdict, claim);
  const bool is_new = registry_.record(id) == nullptr;
  if (is_new)
    if (auto room = has_room(applicant.caller, at); !room) return room.error();
  if (pass->waits) {
    waiting_.note(claim);
    return Error(Errc::failed_precondition,
                 "waits for an administrator's word: `kagentctl approve " + id +
                     "`; the key of this node is " + short_key(claim));
  }
  if (!applicant.bound)
    if (auto spent = spend(claim.token); !spent) return spent.error();
  registry_.enrol(id, claim.key_sha256, claim.wanted, at, claim.role_fixed);
  if (is_new) newcomers_.count(applicant.caller.ip, at.steady);
  return *pass;
}

// Before the door opens: a crash between the two costs a use, never gives one away.
Result<> Coordinator::spend(const std::string& token) {
  const auto spent = door_.tokens().spend(token);
  const auto saved = spent ? store_->save_token(*spent) : Result<>();
  if (!saved) door_.tokens().give_back(token);
  return saved;
}

void Coordinator::enroll(const v1::EnrollRequest& request, const Caller& caller, EnrollDone done) {
  AuditEntry entry(caller.organization == pki::node_organization ? "renew" : "enrol", caller);
  // Anybody may call: nothing else that he sends goes into a log.
  if (is_node_id(request.node_id())) entry.node = request.node_id();
  const auto refuse = [&](const Error& error) {
    ++counters_.enrolments_refused;
    entry.reason = error.message();
    // Who may not yet has shown what is wanted.
    const bool shown =
        error.code() == Errc::failed_precondition || error.code() == Errc::resource_exhausted;
    if (!shown) strangers_.count(caller.ip, now().steady);
    if (audit_.refused(entry, now()))
      log::warning("enrolment of {} from {} refused: {}", entry.node.empty() ? "?" : entry.node,
                   caller.address, error.message());
    done(error);
  };
  const Now at = now();
  if (!is_node(caller) && !strangers_.may_ask(caller.ip, at.steady)) {
    ++counters_.enrolments_throttled;
    return refuse(Error(Errc::resource_exhausted,
                        "too many enrolments from this address were refused: wait a minute"));
  }
  const auto applicant = applicant_of(request, caller);
  if (!applicant) return refuse(applicant.error());
  entry.more.emplace_back("key", applicant->key_sha256);
  if (renews_too_often(*applicant, at)) {
    ++counters_.enrolments_throttled;
    return refuse(Error(Errc::resource_exhausted,
                        "this node has had several certificates just now: one a minute is enough"));
  }
  const auto pass = take(*applicant);
  if (!pass) return refuse(pass.error());
  auto certificate = issue_node_certificate(authority_, request.node_id(), applicant->key);
  if (!certificate) return refuse(certificate.error());
  if (const auto issued = pki::certificate_from_pem(*certificate))
    if (const auto validity = pki::validity_of(*issued))
      node_certificates_[request.node_id()] = *validity;
  entry.more.emplace_back("by", applicant->bound ? "its key" : door_.attestation());
  entry.more.emplace_back("token", pass->token);
  if (auto written = audit_.granted(entry, now()); !written) return refuse(written.error());
  if (!applicant->bound) log::info("node {} enrolled from {}", request.node_id(), caller.address);
  v1::EnrollResponse response;
  response.set_certificate(std::move(*certificate));
  response.set_ca_certificates(authority_.bundle_pem);
  response.set_cluster_id(authority_.cluster_id);
  act();
  courier_.answer([this, entry, response, done = std::move(done)](const Result<>& saved) mutable {
    if (saved) {
      ++counters_.enrolments_accepted;
      return done(response);
    }
    entry.reason = saved.error().message();
    (void)audit_.refused(entry, now());
    done(saved.error());
  });
}

v1::ListClaimsResponse Coordinator::list_claims() const {
  const Now at = now();
  v1::ListClaimsResponse response;
  for (const Claim& claim : waiting_.of({}, at.steady))
    *response.add_claims() = claim_message(claim, false, at);
  for (const Claim& claim : rivals_.of({}, at.steady))
    *response.add_claims() = claim_message(claim, true, at);
  return response;
}

void Coordinator::add_rival(v1::Node& message) const {
  const Now at = now();
  auto rivals = rivals_.of(message.id(), at.steady);
  if (rivals.empty()) return;
  const Claim& last = *std::ranges::max_element(rivals, {}, &Claim::last);
  *message.mutable_rival() = claim_message(last, true, at);
  if (message.reason().empty())
    message.set_reason("another machine, at " + last.address +
                       ", asks for this node's identity with another key, and is refused; if it is "
                       "the right one: `kagentctl forget " +
                       message.id() + " --key " + short_key(last) + "`");
}

Result<v1::ApproveNodeResponse> Coordinator::approve_node(const v1::ApproveNodeRequest& request,
                                                          const Caller& caller) {
  const Now at = now();
  const std::string& id = request.node_id();
  const Error none(
      Errc::not_found,
      "no node " + id + " waits for approval; `kagentctl approve` lists those that do");
  if (id.empty()) return none;
  const auto claim = choose(waiting_.of(id, at.steady), request.key_sha256(), none);
  if (!claim) return claim.error();
  const Enrolment verdict =
      registry_.judge(id, claim->key_sha256, claim->wanted, claim->role_fixed);
  if (verdict == Enrolment::other_key || verdict == Enrolment::removed)
    return Error(Errc::failed_precondition,
                 "node " + id +
                     " is bound to another key or was removed: see `kagentctl forget` and "
                     "`kagentctl rejoin`");
  if (verdict != Enrolment::accepted) return refusal(verdict, *claim);
  if (registry_.record(id) == nullptr)
    if (auto seat = has_seat(); !seat) return seat.error();
  AuditEntry entry("approve", caller);
  if (auto let_in = let_in_by(entry, *claim); !let_in) return let_in.error();
  registry_.enrol(id, claim->key_sha256, claim->wanted, at, claim->role_fixed);
  waiting_.withdraw(id);
  log::info("node {} with key {} approved by {}", id, claim->key_sha256, who(caller));
  if (auto saved = save_order(entry); !saved) return saved.error();
  v1::ApproveNodeResponse response;
  response.set_key_sha256(claim->key_sha256);
  return response;
}

// What an administrator's word does not stand for: the token that the machine has shown, which is
// spent now. Written down before.
Result<> Coordinator::let_in_by(AuditEntry& entry, const Claim& claim) {
  if (auto usable = door_.tokens().usable(claim.token, now()); !usable)
    return Error(Errc::failed_precondition,
                 usable.error().message() + "; the machine has to ask with another one");
  entry.node = claim.node_id;
  entry.more.emplace_back("key", claim.key_sha256);
  if (!claim.token.empty()) entry.more.emplace_back("token", claim.token);
  if (auto written = audit_.granted(entry, now()); !written) return written;
  return spend(claim.token);
}

Result<v1::ForgetNodeResponse> Coordinator::forget_node(const v1::ForgetNodeRequest& request,
                                                        const Caller& caller) {
  const auto node = resolve(request.node());
  if (!node) return node.error();
  const std::string id = (*node)->record.id;
  v1::ForgetNodeResponse response;
  response.set_node_id(id);
  AuditEntry entry(request.key_sha256().empty() ? "forget" : "rebind", caller);
  if (request.key_sha256().empty()) {
    entry.node = id;
    entry.more.emplace_back("key", (*node)->record.key_sha256);
    if (auto unbound = audited(entry, registry_.unbind(id)); !unbound) return unbound.error();
    log::warning("node {} unbound from its key by {}", id, who(caller));
  } else {
    const Error none(Errc::not_found, "no machine with that key asks to be " + id +
                                          "; `kagentctl approve` lists who has asked of late");
    const auto claim = choose(rivals_.of(id, now().steady), request.key_sha256(), none);
    if (!claim) return claim.error();
    const Enrolment verdict =
        registry_.may_rebind(**node, claim->key_sha256, claim->wanted, claim->role_fixed);
    if (verdict != Enrolment::accepted) return refusal(verdict, *claim);
    if (auto let_in = let_in_by(entry, *claim); !let_in) return let_in.error();
    registry_.rebind(id, claim->key_sha256, claim->wanted, claim->role_fixed);
    log::warning("node {} bound to the key {} by {}", id, claim->key_sha256, who(caller));
    response.set_key_sha256(claim->key_sha256);
  }
  rivals_.withdraw(id);
  if (auto saved = save_order(entry); !saved) return saved.error();
  return response;
}

}  // namespace kagent::coordinator
