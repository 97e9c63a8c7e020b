#include "agent/kagentd/session/enrolment.hpp"

#include "agent/common/base/event.hpp"
#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/rpc/unary_call.hpp"
#include "agent/common/trust/enrolment_proof.hpp"
#include "agent/common/trust/pki.hpp"
#include "kagent/v1/agent.grpc.pb.h"

#include <grpcpp/channel.h>
#include <boost/asio/post.hpp>

#include <random>

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::system_clock;
using Stub = v1::Agent::Stub;

namespace {

constexpr auto ca_limit = 10s;
constexpr auto enrol_limit = 15s;
constexpr auto renew_again_after = 5min;

asio::awaitable<Result<v1::ChallengeResponse>> ask_challenge(Stub& stub) {
  rpc::StartUnary<v1::ChallengeRequest, v1::ChallengeResponse> start =
      [&stub](grpc::ClientContext* context, const v1::ChallengeRequest* sent,
              v1::ChallengeResponse* received, std::function<void(grpc::Status)> done) {
        stub.async()->Challenge(context, sent, received, std::move(done));
      };
  auto challenge = co_await rpc::unary_call<v1::ChallengeRequest, v1::ChallengeResponse>(
      std::move(start), v1::ChallengeRequest(), enrol_limit);
  // A coordinator older than this call wants no more than the token.
  if (!challenge && challenge.error().code() == Errc::protocol)
    co_return Result<v1::ChallengeResponse>(v1::ChallengeResponse());
  co_return challenge;
}

}  // namespace

// The helper thread may finish after the coroutine that waits for it was cancelled.
struct Enrolment::CaFetch {
  explicit CaFetch(const asio::any_io_executor& loop) : done(loop) {}
  Event done;
  Result<PinnedCa> ca = Error(Errc::cancelled, "looking for the coordinator's CA was given up");
};

Enrolment::Enrolment(asio::io_context& io, Options options)
    : io_(io), options_(std::move(options)) {}

Enrolment::~Enrolment() {
  stop();
}

rpc::ChannelOptions Enrolment::channel() const {
  rpc::ChannelOptions channel;
  channel.target = config::host_port(options_.coordinator);
  channel.ca_pem = identity_->ca_pem;
  channel.certificate_pem = identity_->certificate_pem;
  channel.key_pem = key_pem_;
  channel.server_name = pki::coordinator_server_name;
  return channel;
}

asio::awaitable<Result<>> Enrolment::ensure() {
  if (key_pem_.empty()) {
    auto key = load_or_make_key(options_.state, options_.node_id);
    if (!key) co_return key.error();
    key_pem_ = std::move(*key);
  }
  const std::string& pin = options_.coordinator.ca_sha256;
  const auto now = system_clock::now();
  if (!identity_ || now >= identity_->not_after)
    identity_ = load_identity(options_.state, options_.node_id, pin, now);
  if (!identity_) {
    auto ca = co_await fetch_ca(pin);
    if (!ca) co_return ca.error();
    auto enrolled = co_await enrol(ca->pem, false);
    if (!enrolled) co_return enrolled.error();
  }
  renew_at_ = identity_->of_earlier_ca ? now : renew_at(*identity_, std::random_device{}());
  co_return Result<>{};
}

asio::awaitable<Result<PinnedCa>> Enrolment::fetch_ca(std::string ca_sha256) {
  const auto fetch = std::make_shared<CaFetch>(io_.get_executor());
  auto work = [fetch, loop = io_.get_executor(), stop = stop_.get_token(),
               host = options_.coordinator.host, port = options_.coordinator.port, ca_sha256] {
    auto ca = fetch_pinned_ca(host, port, ca_sha256, ca_limit, stop);
    asio::post(loop, [fetch, ca = std::move(ca)] {
      fetch->ca = ca;
      fetch->done.set();
    });
  };
  asio::post(helper_, std::move(work));
  co_await fetch->done.wait();
  co_return fetch->ca;
}

asio::awaitable<void> Enrolment::follow_ca() {
  if (!identity_) co_return;
  const auto known = pki::certificate_from_pem(identity_->ca_pem);
  if (!known) co_return;
  const auto sha256 = pki::spki_sha256(*known);
  if (!sha256) co_return;
  const auto ca = co_await fetch_ca(*sha256);
  if (!ca) log::debug("looking for another CA: {}", ca.error().message());
  if (!ca || ca->pem == identity_->ca_pem) co_return;
  if (auto saved = save_bundle(options_.state, ca->bundle_pem); !saved) {
    log::warning("the coordinator's new CA: {}", saved.error().message());
    co_return;
  }
  log::info("the coordinator has a new CA, for which the one before vouches");
  identity_ = load_identity(options_.state, options_.node_id, options_.coordinator.ca_sha256,
                            system_clock::now());
}

asio::awaitable<Result<>> Enrolment::enrol(std::string ca_pem, bool renewal) {
  auto response = co_await ask_certificate(std::move(ca_pem), renewal);
  if (!response) co_return response.error();
  co_return keep(*response);
}

asio::awaitable<Result<v1::EnrollResponse>> Enrolment::ask_certificate(std::string ca_pem,
                                                                       bool renewal) {
  const auto key = pki::key_from_pem(key_pem_);
  if (!key) co_return key.error();
  const auto csr = pki::make_csr(*key, options_.node_id);
  if (!csr) co_return csr.error();
  rpc::ChannelOptions options;
  if (renewal) {
    options = channel();
  } else {
    options.target = config::host_port(options_.coordinator);
    options.ca_pem = ca_pem;
    options.server_name = pki::coordinator_server_name;
  }
  v1::EnrollRequest request;
  if (!renewal) request.set_token(options_.coordinator.token);
  request.set_node_id(options_.node_id);
  request.set_csr(*csr);
  request.set_requested_role(options_.role);
  const std::unique_ptr<Stub> stub = v1::Agent::NewStub(rpc::make_channel(options));
  if (!renewal) {
    const auto challenge = co_await ask_challenge(*stub);
    if (!challenge) co_return challenge.error().context("challenge");
    if (auto proved = prove(*challenge, request); !proved) co_return proved.error();
  }
  rpc::StartUnary<v1::EnrollRequest, v1::EnrollResponse> start =
      [&stub](grpc::ClientContext* context, const v1::EnrollRequest* sent,
              v1::EnrollResponse* received, std::function<void(grpc::Status)> done) {
        stub->async()->Enroll(context, sent, received, std::move(done));
      };
  auto response = co_await rpc::unary_call<v1::EnrollRequest, v1::EnrollResponse>(
      std::move(start), std::move(request), enrol_limit);
  if (!response) co_return response.error().context("enrolment");
  co_return response;
}

Result<> Enrolment::keep(const v1::EnrollResponse& response) {
  if (auto saved = save_identity(options_.state, response.certificate(), response.ca_certificates(),
                                 response.cluster_id());
      !saved)
    return saved.error();
  identity_ = load_identity(options_.state, options_.node_id, options_.coordinator.ca_sha256,
                            system_clock::now());
  if (!identity_)
    return Error(Errc::protocol,
                 "the certificate that the coordinator gave is not valid: it is of another CA, or "
                 "one of the two clocks is wrong");
  log::info("enrolled as {} in cluster {}", options_.node_id, response.cluster_id());
  return {};
}

// Signs the instance identity document with the coordinator's nonce, if the coordinator wants it.
Result<> Enrolment::prove(const v1::ChallengeResponse& challenge,
                          v1::EnrollRequest& request) const {
  if (!challenge.ec2_identity()) return {};
  const auto identity = read_file(options_.instance_proof);
  if (!identity)
    return identity.error().context("the coordinator wants the instance identity document of EC2");
  const auto key = pki::key_from_pem(key_pem_);
  if (!key) return key.error();
  const auto signature =
      pki::sign_sha256(*key, enrolment_statement(options_.coordinator.ca_sha256, challenge.nonce(),
                                                 options_.node_id, *identity));
  if (!signature) return signature.error();
  request.mutable_instance()->set_nonce(challenge.nonce());
  request.mutable_instance()->set_rsa2048(*identity);
  request.mutable_instance()->set_signature(*signature);
  return {};
}

bool Enrolment::is_renewal_due() const {
  return system_clock::now() >= renew_at_;
}

asio::awaitable<void> Enrolment::renew() {
  auto renewed = co_await enrol(identity_->ca_pem, true);
  if (renewed) {
    renew_at_ = renew_at(*identity_, std::random_device{}());
    co_return;
  }
  renew_at_ = system_clock::now() + renew_again_after;
  if (renewed.error().code() != Errc::cancelled)
    log::warning("the certificate could not be renewed: {}", renewed.error().message());
}

void Enrolment::forget() {
  identity_.reset();
  forget_identity(options_.state);
}

}  // namespace kagent::kagentd
