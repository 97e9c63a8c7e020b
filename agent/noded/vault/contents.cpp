#include "agent/noded/vault/contents.hpp"

#include "agent/common/base/names.hpp"
#include "agent/common/trust/pem_certificates.hpp"
#include "agent/common/values/values.hpp"
#include "kagent/v1/envelope.pb.h"

#include <algorithm>
#include <string>

namespace kagent::noded {
namespace {

constexpr int most_api_servers = 64;
constexpr std::size_t longest_user = 128;
constexpr std::size_t most_csr_bytes = 16 << 10;

template <class Value>
Result<> is(std::string_view field, const std::string& text) {
  if (const auto value = Value::parse(text); !value) return value.error().context(field);
  return {};
}

template <class Value>
Result<> is_or_empty(std::string_view field, const std::string& text) {
  return text.empty() ? Result<>() : is<Value>(field, text);
}

Result<> check(const v1::Assignment& assignment) {
  if (assignment.api_servers_size() > most_api_servers)
    return Error(Errc::invalid_argument, "assignment.api_servers: more than 64");
  for (const std::string& server : assignment.api_servers())
    if (auto good = is<values::HostPort>("assignment.api_servers", server); !good) return good;
  return {};
}

Result<> check(const v1::JoinGrant& grant) {
  if (auto good = is<values::HostPort>("join_grant.api_server", grant.api_server()); !good)
    return good;
  if (auto good = is<pki::PemCertificates>("join_grant.ca_certificates", grant.ca_certificates());
      !good)
    return good;
  if (auto good = is<values::BootstrapToken>("join_grant.bootstrap_token", grant.bootstrap_token());
      !good)
    return good;
  return is_or_empty<values::CertificateKey>("join_grant.certificate_key", grant.certificate_key());
}

// The user becomes the common name of a certificate for Kubernetes.
Result<> check(const v1::KubeconfigOrder& order) {
  if (order.csr().size() > most_csr_bytes)
    return Error(Errc::invalid_argument, "kubeconfig.csr: more than 16 KiB");
  const std::string& user = order.user();
  if (user.empty() || user.size() > longest_user || printable(user) != user)
    return Error(Errc::invalid_argument,
                 "kubeconfig.user: expected 1 to 128 printable bytes, found \"" +
                     printable(user, longest_user) + "\"");
  return {};
}

Result<> check(const v1::EtcdMemberOrder& order) {
  if (auto good = is<values::NodeName>("etcd_member.node_name", order.node_name()); !good)
    return good;
  if (!order.address().empty() && !is_ip_address(order.address()))
    return Error(Errc::invalid_argument, "etcd_member.address: expected an IPv4 or IPv6 address");
  return {};
}

}  // namespace

Result<> check_contents(const v1::EnvelopePayload& payload) {
  switch (payload.body_case()) {
    case v1::EnvelopePayload::kAssignment: return check(payload.assignment());
    case v1::EnvelopePayload::kJoinGrant: return check(payload.join_grant());
    case v1::EnvelopePayload::kKubeconfig: return check(payload.kubeconfig());
    case v1::EnvelopePayload::kUpload:
      return is<values::NodeId>("upload.node_id", payload.upload().node_id());
    case v1::EnvelopePayload::kEtcdMember: return check(payload.etcd_member());
    case v1::EnvelopePayload::kReset:  // its reason is for people, and is escaped where it is shown
    case v1::EnvelopePayload::BODY_NOT_SET: break;
  }
  return {};
}

}  // namespace kagent::noded
