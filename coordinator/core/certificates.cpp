#include "coordinator/core/certificates.hpp"

#include "coordinator/core/convert.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

v1::Certificate to_message(const std::string& holder, const std::string& subject,
                           const std::string& use, const pki::Validity& validity) {
  v1::Certificate message;
  message.set_holder(holder);
  message.set_subject(subject);
  message.set_use(use);
  *message.mutable_issued_at() = to_timestamp(validity.not_before);
  *message.mutable_expires_at() = to_timestamp(validity.not_after);
  return message;
}

// kubelet renews its own between seven and nine tenths of their life (client-go,
// util/certificate: nextRotationDeadline); those of kubeadm are for its operator to renew.
v1::Certificate to_message(const v1::HeldCertificate& held, const std::string& node) {
  v1::Certificate message;
  message.set_holder(node);
  message.set_subject(held.subject());
  message.set_use(held.use());
  message.set_file(held.file());
  *message.mutable_issued_at() = held.issued_at();
  *message.mutable_expires_at() = held.expires_at();
  if (!held.file().starts_with("/var/lib/kubelet/pki/") || !held.file().ends_with("-current.pem"))
    return message;
  const auto life = held.expires_at().seconds() - held.issued_at().seconds();
  message.mutable_renewal_at()->set_seconds(held.issued_at().seconds() + life / 10 * 7);
  return message;
}

}  // namespace

Certificates::Certificates(const Authority& authority) : authority_(authority) {
  if (auto own = own_certificates(authority)) own_ = std::move(*own);
}

v1::ListCertificatesResponse Certificates::list(const Registry& registry) const {
  v1::ListCertificatesResponse response;
  for (const OwnCertificate& own : own_) {
    v1::Certificate& message = *response.add_certificates();
    message = to_message("coordinator", own.subject, own.use, own.validity);
    if (own.renewal) *message.mutable_renewal_at() = to_timestamp(*own.renewal);
  }
  for (const auto& node : registry.nodes()) {
    const std::string& id = node->record.id;
    if (const auto found = nodes_.find(id); found != nodes_.end()) {
      const pki::Validity& validity = found->second;
      v1::Certificate& message = *response.add_certificates();
      message = to_message(id, id, "client", validity);
      // agent/kagentd/session/identity.cpp: after half of its life, and up to a tenth more.
      *message.mutable_renewal_at() =
          to_timestamp(validity.not_before + (validity.not_after - validity.not_before) / 2);
    }
    v1::NodeReport report;
    if (node->report) (void)report.ParseFromString(node->report->bytes);
    for (const v1::HeldCertificate& held : report.certificates())
      *response.add_certificates() = to_message(held, id);
  }
  *response.mutable_now() = to_timestamp(std::chrono::system_clock::now());
  return response;
}

std::optional<Error> Certificates::restart_reason(std::chrono::system_clock::time_point now) {
  // Earlier CAs stay trusted until they expire; a restart then drops them.
  const bool ended = std::ranges::any_of(authority_.vouchers, [&](const pki::Validity& voucher) {
    return voucher.not_after > started_at_ && voucher.not_after <= now;
  });
  if (ended) {
    started_at_ = now;
    return Error(Errc::unavailable, "an earlier CA has expired: a restart drops it");
  }
  for (const OwnCertificate& own : own_) {
    if (!own.renewal || now < *own.renewal) continue;
    const std::string use = own.use;
    own_.clear();
    return Error(Errc::unavailable,
                 "a certificate of the coordinator (" + use + ") is due: a restart renews it");
  }
  return std::nullopt;
}

}  // namespace kagent::coordinator
