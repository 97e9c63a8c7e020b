// A kubeconfig for an administrator: a control plane signs a certificate for the key that kagentctl
// has made. Nothing secret passes here, and nothing is kept.
#include "agent/common/base/log.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

namespace kagent::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds answer_limit{10};
constexpr std::chrono::seconds default_lifetime = 8h;
constexpr std::chrono::seconds longest_lifetime = 24h * 7;

std::string user_of(const Caller& caller) {
  return "kagent-admin:" + (caller.local ? std::string("local") : caller.common_name);
}

// A balancer on the node itself is of no use elsewhere.
std::string reachable_server(const Node* signer, const std::string& server) {
  const bool local = server.starts_with("https://127.0.0.1:");
  if (!local || signer == nullptr || !signer->report || signer->report->address.empty())
    return server;
  return "https://" + host_port(signer->report->address, api_server_port);
}

}  // namespace

void Coordinator::get_kubeconfig(const v1::GetKubeconfigRequest& request, const Caller& caller,
                                 KubeconfigDone done) {
  if (auto csr = pki::parse_csr(request.csr()); !csr)
    return done(Error(Errc::invalid_argument, "the CSR: " + csr.error().message()));
  const auto wanted = std::chrono::seconds(request.lifetime_seconds());
  if (wanted > longest_lifetime)
    return done(Error(Errc::invalid_argument, "a kubeconfig lives 7 days at most"));
  if (!registry_.cluster().initialized())
    return done(Error(Errc::failed_precondition,
                      "there is no Kubernetes cluster yet: see `kagentctl status`"));
  const Node* signer = registry_.reachable_control_plane();
  if (signer == nullptr)
    return done(
        Error(Errc::unavailable, "no control plane is connected: see `kagentctl status` for why"));
  const std::string node = signer->record.id;
  const std::string user = user_of(caller);
  const auto lifetime = wanted == 0s ? default_lifetime : wanted;
  AuditEntry entry("kubeconfig", caller);
  entry.node = node;
  entry.more = {{"user", user}, {"seconds", std::to_string(lifetime.count())}};
  if (auto written = audit_.granted(entry, now()); !written) return done(written.error());
  const std::uint64_t serial = registry_.take_serial(node);
  act();

  v1::EnvelopePayload payload;
  v1::KubeconfigOrder& order = *payload.mutable_kubeconfig();
  order.set_csr(request.csr());
  order.set_user(user);
  order.set_lifetime_seconds(static_cast<std::uint32_t>(lifetime.count()));
  log::info("a kubeconfig for {} from {}, for {} s, is asked of node {}", user, caller.address,
            lifetime.count(), node);
  auto answered = [this, node, user, done = std::move(done)](Result<v1::KubeconfigReply> reply) {
    if (!reply) return done(reply.error());
    if (!reply->error().empty()) return done(Error(Errc::unavailable, reply->error()));
    v1::GetKubeconfigResponse response;
    response.set_cluster_name(config_.cluster_name());
    response.set_user(user);
    response.set_api_server(reachable_server(registry_.find(node), reply->api_server()));
    response.set_ca_certificates(reply->ca_certificates());
    response.set_certificate(reply->certificate());
    log::info("a kubeconfig for {} was issued", user);
    done(std::move(response));
  };
  kubeconfig_waits_.add(serial, node, std::move(answered), answer_limit);
  courier_.after([this, node, serial, payload = std::move(payload)]() mutable {
    const auto expires = std::chrono::system_clock::now() + answer_limit;
    send_envelope(node, serial, std::move(payload), expires);
  });
}

}  // namespace kagent::coordinator
