#include "coordinator/core/approvals.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/find_node.hpp"

namespace kagent::coordinator {
namespace {

// The claim that the administrator means. `key`: the first digits of its key, or empty.
Result<Claim> choose(std::vector<Claim> claims, const std::string& key, const Error& none) {
  if (!key.empty() && key.size() < 8)
    return Error(Errc::invalid_argument, "of the key at least 8 digits are needed");
  std::erase_if(claims, [&](const Claim& claim) { return !claim.key_sha256.starts_with(key); });
  if (claims.empty()) return none;
  if (claims.size() > 1)
    return Error(Errc::failed_precondition,
                 "several machines ask to be " + claims.front().node_id +
                     ": name the key of the right one with --key; each machine's journal says its "
                     "key (journalctl -u kagentd)");
  return claims.front();
}

}  // namespace

Result<std::string> Approvals::approve(const std::string& node_id, const std::string& key,
                                       const Caller& caller) {
  const Now at = now();
  const Error none(
      Errc::not_found,
      "no node " + node_id + " waits for approval; `kagentctl approve` lists those that do");
  if (node_id.empty()) return none;
  const auto claim = choose(applications_.waiting.of(node_id, at.steady), key, none);
  if (!claim) return claim.error();
  const Enrolment verdict =
      registry_.judge(node_id, claim->key_sha256, claim->wanted, claim->role_fixed);
  if (verdict == Enrolment::other_key || verdict == Enrolment::removed)
    return Error(Errc::failed_precondition,
                 "node " + node_id +
                     " is bound to another key or was removed: see `kagentctl forget` and "
                     "`kagentctl rejoin`");
  if (verdict != Enrolment::accepted) return refusal(verdict, *claim);
  if (registry_.record(node_id) == nullptr)
    if (auto seat = has_seat(registry_, door_); !seat) return seat.error();
  AuditEntry entry("approve", caller);
  if (auto done = let_in(entry, *claim); !done) return done.error();
  registry_.enrol(node_id, claim->key_sha256, claim->wanted, at, claim->role_fixed);
  applications_.waiting.withdraw(node_id);
  log::info("node {} with key {} approved by {}", node_id, claim->key_sha256, who(caller));
  if (auto saved = decisions_.save(entry); !saved) return saved.error();
  return claim->key_sha256;
}

// An administrator's approval does not replace the token that the machine has shown: its use is
// counted now.
Result<> Approvals::let_in(AuditEntry& entry, const Claim& claim) {
  if (auto usable = door_.tokens().usable(claim.token, now()); !usable)
    return Error(Errc::failed_precondition,
                 usable.error().message() + "; the machine has to ask with another one");
  entry.node = claim.node_id;
  entry.more.emplace_back("key", claim.key_sha256);
  if (!claim.token.empty()) entry.more.emplace_back("token", claim.token);
  if (auto written = audit_.granted(entry, now()); !written) return written;
  return spend_token(door_, store_, claim.token);
}

Result<std::string> Approvals::rebind(const Node& node, const std::string& key, AuditEntry& entry,
                                      const Caller& caller) {
  const std::string id = node.record.id;
  const Error none(Errc::not_found, "no machine with that key asks to be " + id +
                                        "; `kagentctl approve` lists who has asked of late");
  const auto claim = choose(applications_.rivals.of(id, now().steady), key, none);
  if (!claim) return claim.error();
  const Enrolment verdict =
      registry_.may_rebind(node, claim->key_sha256, claim->wanted, claim->role_fixed);
  if (verdict != Enrolment::accepted) return refusal(verdict, *claim);
  if (auto done = let_in(entry, *claim); !done) return done.error();
  registry_.rebind(id, claim->key_sha256, claim->wanted, claim->role_fixed);
  log::warning("node {} bound to the key {} by {}", id, claim->key_sha256, who(caller));
  return claim->key_sha256;
}

Result<Approvals::Forgotten> Approvals::forget(const std::string& node, const std::string& key,
                                               const Caller& caller) {
  const auto found = find_node(registry_, node);
  if (!found) return found.error();
  Forgotten forgotten;
  forgotten.node_id = (*found)->record.id;
  const std::string& id = forgotten.node_id;
  AuditEntry entry(key.empty() ? "forget" : "rebind", caller);
  if (key.empty()) {
    entry.node = id;
    entry.more.emplace_back("key", (*found)->record.key_sha256);
    if (auto unbound = decisions_.audited(entry, registry_.unbind(id)); !unbound)
      return unbound.error();
    log::warning("node {} unbound from its key by {}", id, who(caller));
  } else {
    auto bound = rebind(**found, key, entry, caller);
    if (!bound) return bound.error();
    forgotten.key_sha256 = std::move(*bound);
  }
  applications_.rivals.withdraw(id);
  if (auto saved = decisions_.save(entry); !saved) return saved.error();
  return forgotten;
}

}  // namespace kagent::coordinator
