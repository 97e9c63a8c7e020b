#include "coordinator/core/kubeconfig_orders.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/trust/pem_certificates.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/common/values/values.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/clock.hpp"

namespace kagent::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds answer_limit{10};
constexpr std::chrono::seconds default_lifetime = 8h;
constexpr std::chrono::seconds longest_lifetime = 24h * 7;

std::string user_of(const Caller& caller) {
  return "kagent-admin:" + (caller.local ? std::string("local") : caller.common_name);
}

// An address on the loopback leads to the balancer of that node: give the node's own API server.
std::string reachable_server(const Node* signer, const std::string& server) {
  const bool local = server.starts_with("https://127.0.0.1:");
  if (!local || signer == nullptr || !signer->report || signer->report->address.empty())
    return server;
  return "https://" + host_port(signer->report->address, api_server_port);
}

// An administrator's kubectl reads this: nothing of the reply is used that does not have the shape
// of what it is. Errors: invalid_argument.
Result<KubeconfigOrders::Issued> checked(const v1::KubeconfigReply& reply) {
  const auto api_server = values::HostPort::parse_https_url(reply.api_server());
  if (!api_server) return api_server.error();
  const auto ca = pki::PemCertificates::parse(reply.ca_certificates());
  if (!ca) return ca.error();
  const auto certificate = pki::PemCertificates::parse(reply.certificate());
  if (!certificate) return certificate.error();
  return KubeconfigOrders::Issued{
      {}, "https://" + api_server->str(), ca->str(), certificate->str()};
}

}  // namespace

void KubeconfigOrders::issue(const std::string& csr, std::chrono::seconds lifetime,
                             const Caller& caller, Done done) {
  if (auto parsed = pki::parse_csr(csr); !parsed)
    return done(Error(Errc::invalid_argument, "the CSR: " + parsed.error().message()));
  if (lifetime > longest_lifetime)
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
  if (lifetime == 0s) lifetime = default_lifetime;
  AuditEntry entry("kubeconfig", caller);
  entry.node = node;
  entry.more = {{"user", user}, {"seconds", std::to_string(lifetime.count())}};
  if (auto written = audit_.granted(entry, now()); !written) return done(written.error());
  const std::uint64_t serial = registry_.take_serial(node);
  postman_.act();

  v1::EnvelopePayload payload;
  v1::KubeconfigOrder& order = *payload.mutable_kubeconfig();
  order.set_csr(csr);
  order.set_user(user);
  order.set_lifetime_seconds(static_cast<std::uint32_t>(lifetime.count()));
  log::info("node {} is asked for a kubeconfig for {} from {}, valid for {} s", node, user,
            caller.address, lifetime.count());
  auto answer = [this, node, user, done = std::move(done)](Result<v1::KubeconfigReply> reply) {
    if (!reply) return done(reply.error());
    if (!reply->error().empty()) return done(Error(Errc::unavailable, reply->error()));
    auto issued = checked(*reply);
    if (!issued) return done(issued.error().context("the answer of node " + node + " is not used"));
    issued->user = user;
    issued->api_server = reachable_server(registry_.find(node), issued->api_server);
    log::info("a kubeconfig for {} was issued", user);
    done(std::move(*issued));
  };
  waits_.add(serial, node, std::move(answer), answer_limit);
  commit_.after([this, node, serial, payload = std::move(payload)]() mutable {
    const auto expires = std::chrono::system_clock::now() + answer_limit;
    postman_.send_envelope(node, serial, std::move(payload), expires);
  });
}

void KubeconfigOrders::answered(const std::string& node, v1::KubeconfigReply reply) {
  if (const auto done = waits_.take(reply.serial(), node)) (*done)(std::move(reply));
}

}  // namespace kagent::coordinator
