#include "coordinator/store/etcd.hpp"

#include "agent/common/rpc/status.hpp"
#include "agent/common/rpc/unary_call.hpp"
#include "etcd/rpc.grpc.pb.h"

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace kagent::coordinator::etcd {
namespace asio = boost::asio;
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// For an endpoint that does not answer while there are others.
constexpr milliseconds limit_of_one{2000};
// After all endpoints have failed: an election in etcd takes about a second.
constexpr milliseconds before_next_round{100};

std::shared_ptr<grpc::Channel> connect(const std::string& endpoint, const Options& options) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.ca_pem;
  tls.pem_cert_chain = options.certificate_pem;
  tls.pem_private_key = options.key_pem;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // The size of a page of reports; etcd's own client has no limit.
  arguments.SetMaxReceiveMessageSize(128 << 20);
  return grpc::CreateCustomChannel(
      endpoint,
      options.ca_pem.empty() ? grpc::InsecureChannelCredentials() : grpc::SslCredentials(tls),
      arguments);
}

// By the steady clock: the wall clock may be set in the meantime.
gpr_timespec in(steady_clock::duration duration) {
  const auto time = std::chrono::duration_cast<milliseconds>(duration).count();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(time, GPR_TIMESPAN));
}

bool worth_another(Errc code) {
  return code == Errc::unavailable || code == Errc::deadline_exceeded;
}

}  // namespace

struct Client::Endpoint {
  Endpoint(std::string host_port, const std::shared_ptr<grpc::Channel>& channel)
      : name(std::move(host_port)), kv(channel), lease(channel) {}

  [[nodiscard]] Error error(const Error& of_call) const {
    return of_call.context("etcd at " + name);
  }

  std::string name;
  pb::KV::Stub kv;
  pb::Lease::Stub lease;
};

Client::Client(const Options& options)
    : options_(options), endpoints_(options.endpoints.size(), nullptr) {}

Client::~Client() = default;

std::shared_ptr<Client::Endpoint> Client::current() {
  auto& endpoint = endpoints_.at(current_);
  const std::string& name = options_.endpoints.at(current_);
  if (!endpoint) endpoint = std::make_shared<Endpoint>(name, connect(name, options_));
  return endpoint;
}

void Client::failed(const std::shared_ptr<Endpoint>& endpoint, Errc why) {
  if (!worth_another(why) || endpoints_.at(current_) != endpoint) return;
  // The connection may be dead without notice, so the next call makes a new one.
  if (why == Errc::deadline_exceeded) endpoints_.at(current_) = nullptr;
  current_ = (current_ + 1) % endpoints_.size();
}

template <class Response, class Call>
Result<Response> Client::blocking(const Call& call, milliseconds timeout) {
  const auto end = steady_clock::now() + timeout;
  const milliseconds one = endpoints_.size() == 1 ? timeout : std::min(timeout, limit_of_one);
  std::optional<Error> why;
  for (std::size_t tries = 1;; ++tries) {
    const auto endpoint = current();
    grpc::ClientContext context;
    context.set_deadline(in(std::min<steady_clock::duration>(end - steady_clock::now(), one)));
    Response response;
    const grpc::Status status = call(*endpoint, &context, &response);
    if (status.ok()) return response;
    const Error error = endpoint->error(rpc::from_status(status));
    failed(endpoint, error.code());
    if (!worth_another(error.code())) return error;
    // The first error says more than the timeout.
    if (!why || error.code() != Errc::deadline_exceeded) why = error;
    if (steady_clock::now() + before_next_round >= end) return *why;
    if (tries % endpoints_.size() == 0) std::this_thread::sleep_for(before_next_round);
  }
}

template <class Request, class Response, class Start>
asio::awaitable<Result<Response>> Client::awaited(Start start, Request request,
                                                  milliseconds timeout) {
  const auto endpoint = current();
  rpc::StartUnary<Request, Response> begin =
      [endpoint, start](grpc::ClientContext* context, const Request* sent, Response* received,
                        std::function<void(grpc::Status)> done) {
        start(*endpoint, context, sent, received, std::move(done));
      };
  auto answer =
      co_await rpc::unary_call<Request, Response>(std::move(begin), std::move(request), timeout);
  if (answer) co_return answer;
  failed(endpoint, answer.error().code());
  const Error error = endpoint->error(answer.error());
  co_return Result<Response>(error);
}

Result<pb::RangeResponse> Client::range(const pb::RangeRequest& request) {
  return blocking<pb::RangeResponse>(
      [&](Endpoint& endpoint, grpc::ClientContext* context, pb::RangeResponse* response) {
        return endpoint.kv.Range(context, request, response);
      },
      limit);
}

Result<pb::TxnResponse> Client::txn(const pb::TxnRequest& request) {
  return blocking<pb::TxnResponse>(
      [&](Endpoint& endpoint, grpc::ClientContext* context, pb::TxnResponse* response) {
        return endpoint.kv.Txn(context, request, response);
      },
      limit);
}

Result<> Client::revoke(std::int64_t lease, milliseconds timeout) {
  pb::LeaseRevokeRequest request;
  request.set_id(lease);
  const auto revoked = blocking<pb::LeaseRevokeResponse>(
      [&](Endpoint& endpoint, grpc::ClientContext* context, pb::LeaseRevokeResponse* response) {
        return endpoint.lease.LeaseRevoke(context, request, response);
      },
      timeout);
  return revoked ? Result<>() : Result<>(revoked.error());
}

asio::awaitable<Result<pb::RangeResponse>> Client::async_range(pb::RangeRequest request,
                                                               milliseconds timeout) {
  return awaited<pb::RangeRequest, pb::RangeResponse>(
      [](Endpoint& endpoint, grpc::ClientContext* context, const auto* sent, auto* received,
         auto done) { endpoint.kv.async()->Range(context, sent, received, std::move(done)); },
      std::move(request), timeout);
}

asio::awaitable<Result<pb::TxnResponse>> Client::async_txn(pb::TxnRequest request,
                                                           milliseconds timeout) {
  return awaited<pb::TxnRequest, pb::TxnResponse>(
      [](Endpoint& endpoint, grpc::ClientContext* context, const auto* sent, auto* received,
         auto done) { endpoint.kv.async()->Txn(context, sent, received, std::move(done)); },
      std::move(request), timeout);
}

asio::awaitable<Result<pb::LeaseGrantResponse>> Client::async_grant(std::chrono::seconds ttl,
                                                                    milliseconds timeout) {
  pb::LeaseGrantRequest request;
  request.set_ttl(ttl.count());
  return awaited<pb::LeaseGrantRequest, pb::LeaseGrantResponse>(
      [](Endpoint& endpoint, grpc::ClientContext* context, const auto* sent, auto* received,
         auto done) {
        endpoint.lease.async()->LeaseGrant(context, sent, received, std::move(done));
      },
      std::move(request), timeout);
}

asio::awaitable<Result<pb::LeaseKeepAliveResponse>> Client::async_keep_alive(std::int64_t lease,
                                                                             milliseconds timeout) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  return awaited<pb::LeaseKeepAliveRequest, pb::LeaseKeepAliveResponse>(
      [](Endpoint& endpoint, grpc::ClientContext* context, const auto* sent, auto* received,
         auto done) {
        endpoint.lease.async()->LeaseKeepAlive(context, sent, received, std::move(done));
      },
      std::move(request), timeout);
}

std::string end_of(std::string_view folder) {
  std::string end(folder);
  ++end.back();
  return end;
}

pb::RangeRequest get(const std::string& key) {
  pb::RangeRequest request;
  request.set_key(key);
  return request;
}

pb::Compare created_at(const std::string& key, std::int64_t revision) {
  pb::Compare compare;
  compare.set_target(pb::Compare::CREATE);
  compare.set_key(key);
  compare.set_create_revision(revision);
  return compare;
}

pb::Compare modified_at(const std::string& key, std::int64_t revision) {
  pb::Compare compare;
  compare.set_target(pb::Compare::MOD);
  compare.set_key(key);
  compare.set_mod_revision(revision);
  return compare;
}

}  // namespace kagent::coordinator::etcd
