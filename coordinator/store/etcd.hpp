#pragma once

#include "agent/common/base/error.hpp"
#include "etcd/rpc.pb.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The part of etcd's v3 API that the store needs, with errors as Error.
namespace kagent::coordinator::etcd {

namespace pb = etcdserverpb;

struct Options {
  std::vector<std::string> endpoints;  // HOST:PORT, brackets round IPv6
  std::string prefix;                  // of all our keys: "/kagent"
  std::string ca_pem;                  // empty: no TLS
  std::string certificate_pem;         // of the client; empty: none
  std::string key_pem;
};

// Uses one endpoint until it fails, then the next. A call that fails with `unavailable` or
// `deadline_exceeded` may have been carried out all the same.
class Client {
 public:
  static constexpr std::chrono::seconds limit{5};

  explicit Client(const Options& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // These block, for `limit` at most. A call without an answer is sent again, so a transaction must
  // be idempotent.
  Result<pb::RangeResponse> range(const pb::RangeRequest& request);
  Result<pb::TxnResponse> txn(const pb::TxnRequest& request);
  Result<> revoke(std::int64_t lease, std::chrono::milliseconds timeout);

  // These try once.
  boost::asio::awaitable<Result<pb::RangeResponse>> async_range(pb::RangeRequest request,
                                                                std::chrono::milliseconds timeout);
  boost::asio::awaitable<Result<pb::TxnResponse>> async_txn(pb::TxnRequest request,
                                                            std::chrono::milliseconds timeout);
  boost::asio::awaitable<Result<pb::LeaseGrantResponse>> async_grant(
      std::chrono::seconds ttl, std::chrono::milliseconds timeout);
  boost::asio::awaitable<Result<pb::LeaseKeepAliveResponse>> async_keep_alive(
      std::int64_t lease, std::chrono::milliseconds timeout);

 private:
  struct Endpoint;
  template <class Response, class Call>
  Result<Response> blocking(const Call& call, std::chrono::milliseconds timeout);
  template <class Request, class Response, class Start>
  boost::asio::awaitable<Result<Response>> awaited(Start start, Request request,
                                                   std::chrono::milliseconds timeout);
  std::shared_ptr<Endpoint> current();
  void failed(const std::shared_ptr<Endpoint>& endpoint, Errc why);

  Options options_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;  // nullptr: not connected yet
  std::size_t current_ = 0;
};

// The first key after all that begin with `folder`, which ends in '/'.
std::string end_of(std::string_view folder);

pb::RangeRequest get(const std::string& key);
// Revision 0: the key does not exist.
pb::Compare created_at(const std::string& key, std::int64_t revision);
pb::Compare modified_at(const std::string& key, std::int64_t revision);

}  // namespace kagent::coordinator::etcd
