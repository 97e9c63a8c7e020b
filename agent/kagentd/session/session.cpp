#include "agent/kagentd/session/session.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/liveness.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/rpc/channel.hpp"
#include "agent/common/rpc/client_stream.hpp"
#include "agent/common/rpc/unary_call.hpp"
#include "agent/common/trust/ca_pin.hpp"
#include "agent/common/trust/enrolment_proof.hpp"
#include "agent/common/trust/pki.hpp"
#include "kagent/v1/agent.grpc.pb.h"

#include <grpcpp/channel.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using Stub = v1::Agent::Stub;

namespace {

constexpr auto ca_limit = 10s;
constexpr auto enrol_limit = 15s;

// A fleet that starts at once comes back spread out.
constexpr BackoffPolicy reconnect{500ms, 20s, 100ms};

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

class Session::Stream {
 public:
  using Reactor = rpc::ClientStream<v1::AgentMessage, v1::CoordinatorMessage>;

  Stream(asio::io_context& io, const rpc::ChannelOptions& options, Reactor::Handlers handlers)
      : stub_(v1::Agent::NewStub(rpc::make_channel(options))),
        reactor_(std::make_shared<Reactor>(io.get_executor(), std::move(handlers))) {
    Stub* stub = stub_.get();
    reactor_->start([stub](grpc::ClientContext* context, Reactor* reactor) {
      stub->async()->Session(context, reactor);
    });
  }
  ~Stream() { reactor_->abandon(); }

  bool send(v1::AgentMessage message) { return reactor_->send(std::move(message)); }
  void cancel() { reactor_->cancel(); }

 private:
  std::unique_ptr<Stub> stub_;
  std::shared_ptr<Reactor> reactor_;
};

Session::Session(asio::io_context& io, config::CoordinatorUrl coordinator, std::string node_id,
                 std::string role, std::filesystem::path state,
                 std::filesystem::path instance_proof, Handlers handlers)
    : io_(io),
      coordinator_(std::move(coordinator)),
      node_id_(std::move(node_id)),
      role_(std::move(role)),
      state_(std::move(state)),
      instance_proof_(std::move(instance_proof)),
      handlers_(std::move(handlers)),
      heartbeat_(io),
      ended_(io),
      backoff_(reconnect, std::random_device{}()) {}

Session::~Session() = default;

void Session::send(v1::AgentMessage message) {
  if (up_ && !stream_->send(std::move(message))) stream_->cancel();
}

void Session::begin_anew() {
  if (!up_) return;
  log::info("greeting the coordinator again");
  stream_->cancel();
}

asio::awaitable<void> Session::run() {
  for (;;) {
    const Error why = co_await attempt();
    const bool was_up = std::exchange(up_, false);
    if (was_up) backoff_.reset();
    const auto delay = backoff_.next();
    const std::string prefix = "coordinator " + config::host_port(coordinator_) + ": ";
    const std::string text =
        why.message().starts_with(prefix) ? why.message() : prefix + why.message();
    handlers_.trouble(text);
    complaint_.say(text + "; trying again");
    co_await pause(delay);
  }
}

asio::awaitable<Error> Session::attempt() {
  auto identity = co_await ensure_identity();
  if (!identity) co_return identity.error();
  Error why = co_await converse();
  if (!up_) co_await follow_ca();
  co_return why;
}

// The coordinator may have another CA meanwhile, which the one in force so far vouches for.
asio::awaitable<void> Session::follow_ca() {
  if (!identity_) co_return;
  const auto known = pki::certificate_from_pem(identity_->ca_pem);
  if (!known) co_return;
  const auto sha256 = pki::spki_sha256(*known);
  if (!sha256) co_return;
  const auto ca = co_await fetch_ca(*sha256);
  if (!ca) log::debug("looking for another CA: {}", ca.error().message());
  if (!ca || ca->pem == identity_->ca_pem) co_return;
  if (auto saved = save_bundle(state_, ca->bundle_pem); !saved) {
    log::warning("the coordinator's new CA: {}", saved.error().message());
    co_return;
  }
  log::info("the coordinator has another CA; the one before vouches for it");
  identity_ =
      load_identity(state_, node_id_, coordinator_.ca_sha256, std::chrono::system_clock::now());
}

asio::awaitable<Result<>> Session::ensure_identity() {
  if (key_pem_.empty()) {
    auto key = load_or_make_key(state_, node_id_);
    if (!key) co_return key.error();
    key_pem_ = std::move(*key);
  }
  const auto now = std::chrono::system_clock::now();
  if (!identity_ || now >= identity_->not_after)
    identity_ = load_identity(state_, node_id_, coordinator_.ca_sha256, now);
  if (!identity_) {
    auto ca = co_await fetch_ca(coordinator_.ca_sha256);
    if (!ca) co_return ca.error();
    auto enrolled = co_await enrol(ca->pem, false);
    if (!enrolled) co_return enrolled.error();
  }
  renew_at_ = identity_->of_earlier_ca ? now : renew_at(*identity_, std::random_device{}());
  co_return Result<>{};
}

asio::awaitable<Result<PinnedCa>> Session::fetch_ca(std::string ca_sha256) {
  std::optional<Result<PinnedCa>> fetched;
  asio::steady_timer done(io_, std::chrono::steady_clock::time_point::max());
  auto work = [this, &fetched, &done, &ca_sha256] {
    auto result = fetch_pinned_ca(coordinator_.host, coordinator_.port, ca_sha256, ca_limit);
    asio::post(io_, [&fetched, &done, result = std::move(result)] {
      fetched = result;
      done.cancel();
    });
  };
  asio::post(helper_, std::move(work));
  boost::system::error_code ignored;
  co_await done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return *fetched;
}

asio::awaitable<Result<>> Session::enrol(std::string ca_pem, bool renewal) {
  const auto key = pki::key_from_pem(key_pem_);
  if (!key) co_return key.error();
  const auto csr = pki::make_csr(*key, node_id_);
  if (!csr) co_return csr.error();
  rpc::ChannelOptions options;
  options.target = config::host_port(coordinator_);
  options.ca_pem = ca_pem;
  options.server_name = pki::coordinator_server_name;
  if (renewal) {
    options.certificate_pem = identity_->certificate_pem;
    options.key_pem = key_pem_;
  }
  v1::EnrollRequest request;
  if (!renewal) request.set_token(coordinator_.token);
  request.set_node_id(node_id_);
  request.set_csr(*csr);
  request.set_requested_role(role_);
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
  if (auto saved = save_identity(state_, response->certificate(), response->ca_certificates(),
                                 response->cluster_id());
      !saved)
    co_return saved.error();
  identity_ =
      load_identity(state_, node_id_, coordinator_.ca_sha256, std::chrono::system_clock::now());
  if (!identity_)
    co_return Error(Errc::protocol,
                    "the coordinator gave a certificate that does not hold: it is of another CA, "
                    "or one of the two clocks is wrong");
  log::info("enrolled as {} in cluster {}", node_id_, response->cluster_id());
  co_return Result<>{};
}

// What the coordinator wants to see besides, signed over its nonce.
Result<> Session::prove(const v1::ChallengeResponse& challenge, v1::EnrollRequest& request) const {
  if (!challenge.ec2_identity()) return {};
  const auto identity = read_file(instance_proof_);
  if (!identity)
    return identity.error().context("the coordinator wants the instance identity document of EC2");
  const auto key = pki::key_from_pem(key_pem_);
  if (!key) return key.error();
  const auto signature = pki::sign_sha256(
      *key, enrolment_statement(coordinator_.ca_sha256, challenge.nonce(), node_id_, *identity));
  if (!signature) return signature.error();
  request.mutable_instance()->set_nonce(challenge.nonce());
  request.mutable_instance()->set_rsa2048(*identity);
  request.mutable_instance()->set_signature(*signature);
  return {};
}

asio::awaitable<void> Session::renew() {
  auto renewed = co_await enrol(identity_->ca_pem, true);
  renewing_ = false;
  if (renewed) {
    renew_at_ = renew_at(*identity_, std::random_device{}());
  } else {
    log::warning("the certificate could not be renewed: {}", renewed.error().message());
    renew_at_ = std::chrono::system_clock::now() + 5min;
  }
}

asio::awaitable<Error> Session::converse() {
  rpc::ChannelOptions options;
  options.target = config::host_port(coordinator_);
  options.ca_pem = identity_->ca_pem;
  options.certificate_pem = identity_->certificate_pem;
  options.key_pem = key_pem_;
  options.server_name = pki::coordinator_server_name;
  end_.reset();
  Stream::Reactor::Handlers handlers;
  handlers.message = [this](v1::CoordinatorMessage message) { received(std::move(message)); };
  handlers.ended = [this](const Error& why) {
    end_ = why;
    ended_.cancel();
  };
  heard_ = std::chrono::steady_clock::now();
  stream_ = std::make_shared<Stream>(io_, options, std::move(handlers));
  v1::AgentMessage first;
  *first.mutable_hello() = handlers_.hello();
  stream_->send(std::move(first));
  beat();
  ended_.expires_at(std::chrono::steady_clock::time_point::max());
  boost::system::error_code ignored;
  if (!end_) co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  heartbeat_.cancel();
  stream_.reset();
  Error why = end_.value_or(Error(Errc::cancelled, "given up"));
  // What it holds is of no use any more: enrol anew.
  if (why.code() == Errc::unauthenticated) {
    identity_.reset();
    forget_identity(state_);
  }
  co_return why;
}

void Session::received(v1::CoordinatorMessage message) {
  heard_ = std::chrono::steady_clock::now();
  if (!std::exchange(up_, true)) {
    complaint_.over();
    log::info("in session with coordinator {}", config::host_port(coordinator_));
    handlers_.trouble({});
    handlers_.connected();
  }
  handlers_.message(std::move(message));
}

// Both ends see with it within liveness::lost_after that the other has gone.
void Session::beat() {
  heartbeat_.expires_after(liveness::heartbeat_every);
  heartbeat_.async_wait([this](boost::system::error_code error) {
    if (error || !stream_) return;
    const auto silence = std::chrono::steady_clock::now() - heard_;
    if (silence > (up_ ? std::chrono::milliseconds(liveness::lost_after) : 10s)) {
      end_ = Error(Errc::deadline_exceeded, "does not answer");
      stream_->cancel();
      ended_.cancel();
      return;
    }
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_sequence(++beats_);
    if (up_) stream_->send(std::move(message));
    if (up_ && !renewing_ && std::chrono::system_clock::now() >= renew_at_) {
      renewing_ = true;
      asio::co_spawn(io_, renew(), asio::detached);
    }
    beat();
  });
}

}  // namespace kagent::kagentd
