#include "coordinator/core/enrolments.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/values/values.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"

namespace kagent::coordinator {
namespace {

constexpr std::size_t most_request_bytes = 64 << 10;
// A certificate is valid for a day; the other requests make up for lost answers.
constexpr double renewals_a_second = 1.0 / 60, renewals_at_once = 5;

bool is_node_id(const std::string& id) {
  return values::NodeId::parse(id).has_value();
}

}  // namespace

v1::ChallengeResponse Enrolments::challenge() const {
  return door_.challenge(now());
}

// A removed or unbound node keeps a valid certificate for up to a day, so the key decides.
bool Enrolments::is_node(const Caller& caller) const {
  const Node* node = registry_.find(caller.common_name);
  return caller.organization == pki::node_organization && node != nullptr &&
         node->record.key_sha256 == caller.key_sha256;
}

Result<> Enrolments::may_ask(const Caller& caller, Now at) const {
  if (is_node(caller) || strangers_.may_ask(caller.ip, at.steady)) return {};
  return Error(Errc::resource_exhausted,
               "too many enrolments from this address were refused: wait a minute");
}

Result<Applicant> Enrolments::applicant_of(const v1::EnrollRequest& request,
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

Result<> Enrolments::may_renew(const Applicant& applicant, Now at) {
  if (!applicant.bound) return {};
  Bucket& issued =
      renewals_.try_emplace(applicant.request.node_id(), renewals_a_second, renewals_at_once)
          .first->second;
  if (issued.until_room(at.steady).count() > 0)
    return Error(Errc::resource_exhausted,
                 "this node has had several certificates just now: one a minute is enough");
  issued.pour(1, at.steady);
  return {};
}

Result<> Enrolments::has_room(const Caller& caller, Now at) const {
  if (auto seat = has_seat(registry_, door_); !seat) return seat;
  if (!newcomers_.may_ask(caller.ip, at.steady))
    return Error(Errc::resource_exhausted,
                 "too many new nodes came from this address at once: wait a minute");
  return {};
}

Result<Pass> Enrolments::admit(const Applicant& applicant, Now at) {
  const std::string& id = applicant.request.node_id();
  auto pass = door_.admit(applicant, at);
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
    applications_.rivals.note(claim);
    watchers_.changed(id);
  }
  if (verdict != Enrolment::accepted) return refusal(verdict, claim);
  const bool is_new = registry_.record(id) == nullptr;
  if (is_new)
    if (auto room = has_room(applicant.caller, at); !room) return room.error();
  if (pass->waits) {
    applications_.waiting.note(claim);
    return Error(Errc::failed_precondition,
                 "waits for an administrator's word: `kagentctl approve " + id +
                     "`; the key of this node is " + short_key(claim));
  }
  if (!applicant.bound)
    if (auto spent = spend_token(door_, store_, claim.token); !spent) return spent.error();
  registry_.enrol(id, claim.key_sha256, claim.wanted, at, claim.role_fixed);
  if (is_new) newcomers_.count(applicant.caller.ip, at.steady);
  return pass;
}

Result<v1::EnrollResponse> Enrolments::certify(const Applicant& applicant) {
  const std::string& id = applicant.request.node_id();
  auto certificate = issue_node_certificate(authority_, id, applicant.key);
  if (!certificate) return certificate.error();
  if (const auto issued = pki::certificate_from_pem(*certificate))
    if (const auto validity = pki::validity_of(*issued)) certificates_.seen(id, *validity);
  v1::EnrollResponse response;
  response.set_certificate(std::move(*certificate));
  response.set_ca_certificates(authority_.bundle_pem);
  response.set_cluster_id(authority_.cluster_id);
  return response;
}

void Enrolments::refuse(AuditEntry& entry, const Caller& caller, const Error& error) {
  ++counts_.refused;
  entry.reason = error.message();
  // With these two errors the machine has proved what it must, and only has to wait.
  const bool proved =
      error.code() == Errc::failed_precondition || error.code() == Errc::resource_exhausted;
  if (!proved) strangers_.count(caller.ip, now().steady);
  if (audit_.refused(entry, now()))
    log::warning("enrolment of {} from {} refused: {}", entry.node.empty() ? "?" : entry.node,
                 caller.address, error.message());
}

void Enrolments::enroll(const v1::EnrollRequest& request, const Caller& caller, Done done) {
  AuditEntry entry(caller.organization == pki::node_organization ? "renew" : "enrol", caller);
  // Anybody can call this, so the audit log takes nothing else from the request.
  if (is_node_id(request.node_id())) entry.node = request.node_id();
  const auto end = [&](const Error& error) {
    refuse(entry, caller, error);
    done(error);
  };
  const Now at = now();
  if (auto may = may_ask(caller, at); !may) {
    ++counts_.throttled;
    return end(may.error());
  }
  const auto applicant = applicant_of(request, caller);
  if (!applicant) return end(applicant.error());
  entry.more.emplace_back("key", applicant->key_sha256);
  if (auto may = may_renew(*applicant, at); !may) {
    ++counts_.throttled;
    return end(may.error());
  }
  const auto pass = admit(*applicant, now());
  if (!pass) return end(pass.error());
  auto response = certify(*applicant);
  if (!response) return end(response.error());
  entry.more.emplace_back("by", applicant->bound ? "its key" : door_.attestation());
  entry.more.emplace_back("token", pass->token);
  if (auto written = audit_.granted(entry, now()); !written) return end(written.error());
  if (!applicant->bound) log::info("node {} enrolled from {}", request.node_id(), caller.address);
  postman_.act();
  commit_.answer([this, entry, response = std::move(*response),
                  done = std::move(done)](const Result<>& saved) mutable {
    if (saved) {
      ++counts_.accepted;
      return done(response);
    }
    entry.reason = saved.error().message();
    (void)audit_.refused(entry, now());
    done(saved.error());
  });
}

}  // namespace kagent::coordinator
