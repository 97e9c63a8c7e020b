#include "coordinator/ctl/render/certs.hpp"

#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/render/times.hpp"

namespace kagent::ctl::render {
namespace {

using std::chrono::hours;

// Certificates that are renewed by hand are warned of early enough to plan for it.
constexpr hours soon{24 * 30};

std::string moment(const google::protobuf::Timestamp& at) {
  const auto time = time_of(at);
  return time ? date_time(*time) : "by hand";
}

// A certificate that renews itself has half of the time between renewal and expiry for it.
bool is_short(const v1::Certificate& certificate, Time expires, Time now) {
  const auto renewal = time_of(certificate.renewal_at());
  return renewal ? now > *renewal + (expires - *renewal) / 2 : expires - now < soon;
}

std::string remedy(const v1::Certificate& certificate) {
  const std::string& file = certificate.file();
  if (file.empty())
    return certificate.has_renewal_at()
               ? "its holder should have renewed it; see the holder's journal"
               : "see `kagent-coordinator --replace-ca`";
  if (certificate.has_renewal_at()) return "kubelet should have renewed it; see kubelet's journal";
  if (certificate.use() == "CA") return "see the Kubernetes documentation on replacing a CA";
  return file.starts_with("/etc/kubernetes/")
             ? "run `kubeadm certs renew all` there, then restart the pods of the control plane"
             : "delete the file and restart kubelet, which makes a new one";
}

std::string warning(const v1::Certificate& certificate, const std::string& residual) {
  const bool over = residual == "expired";
  return "warning: " +
         printable(certificate.file().empty() ? certificate.use() : certificate.file()) + " of " +
         printable(certificate.holder()) +
         (over ? " has expired; " : " expires in " + residual + "; ") + remedy(certificate);
}

}  // namespace

std::string certificates(const v1::ListCertificatesResponse& answer, const Look& look) {
  const Time now = time_of(answer.now()).value_or(Time());
  Table table(
      {"HOLDER", "SUBJECT", "USE", "ISSUED", "EXPIRES", "RESIDUAL", "RENEWED FROM", "FILE"});
  std::string warnings;
  for (const v1::Certificate& certificate : answer.certificates()) {
    const Time expires = time_of(certificate.expires_at()).value_or(now);
    const std::string residual = expires <= now ? "expired" : age(expires, now);
    const bool bad = is_short(certificate, expires, now);
    table.row({{printable(certificate.holder())},
               {printable(certificate.subject())},
               {printable(certificate.use())},
               {moment(certificate.issued_at())},
               {moment(certificate.expires_at())},
               {residual, bad ? Style::bad : Style::plain},
               {moment(certificate.renewal_at())},
               {printable(certificate.file())}});
    if (bad) warnings += styled(warning(certificate, residual), Style::bad, look) + "\n";
  }
  return table.text(look) + warnings;
}

}  // namespace kagent::ctl::render
