#pragma once

#include "agent/common/base/backoff.hpp"
#include "agent/common/base/complaint.hpp"
#include "agent/common/base/error.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/common/trust/ca_pin.hpp"
#include "agent/kagentd/session/identity.hpp"
#include "kagent/v1/agent.pb.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kagent::kagentd {

// The one conversation with the coordinator, begun again for as long as it takes: enrol if there is
// no certificate, then a stream. Nothing secret is sent before the CA hash of the user-data was
// found in the coordinator's chain.
class Session {
 public:
  struct Handlers {
    std::function<v1::Hello()> hello;
    std::function<void(v1::CoordinatorMessage)> message;  // heartbeat replies stay inside
    std::function<void()> connected;                      // the stream is up
    // Why there is no session now; "" once there is one again.
    std::function<void(std::string)> trouble;
  };

  // `instance_proof`: the file of the signed instance identity document; need not be there.
  Session(boost::asio::io_context& io, config::CoordinatorUrl coordinator, std::string node_id,
          std::string role, std::filesystem::path state, std::filesystem::path instance_proof,
          Handlers handlers);
  ~Session();

  // Until the io_context stops.
  boost::asio::awaitable<void> run();
  // Lost when there is no session: what matters is sent again with the next hello.
  void send(v1::AgentMessage message);
  // Ends the stream, if there is one, for another with a new hello.
  void begin_anew();
  [[nodiscard]] bool up() const { return up_; }

 private:
  class Stream;

  boost::asio::awaitable<Error> attempt();
  boost::asio::awaitable<Result<>> ensure_identity();
  // `ca_sha256`: of the CA that is trusted so far.
  boost::asio::awaitable<Result<PinnedCa>> fetch_ca(std::string ca_sha256);
  boost::asio::awaitable<void> follow_ca();
  boost::asio::awaitable<Result<>> enrol(std::string ca_pem, bool renewal);
  Result<> prove(const v1::ChallengeResponse& challenge, v1::EnrollRequest& request) const;
  boost::asio::awaitable<void> renew();
  boost::asio::awaitable<Error> converse();
  void received(v1::CoordinatorMessage message);
  void beat();

  boost::asio::io_context& io_;
  boost::asio::thread_pool helper_{1};  // for the blocking handshake that fetches the CA
  config::CoordinatorUrl coordinator_;
  std::string node_id_, role_;
  std::filesystem::path state_, instance_proof_;
  Handlers handlers_;
  std::string key_pem_;
  std::optional<Identity> identity_;
  std::chrono::system_clock::time_point renew_at_;
  bool renewing_ = false;
  std::shared_ptr<Stream> stream_;
  bool up_ = false;
  std::chrono::steady_clock::time_point heard_;
  std::uint64_t beats_ = 0;
  boost::asio::steady_timer heartbeat_, ended_;
  std::optional<Error> end_;
  Backoff backoff_;
  Complaint complaint_{"the coordinator answers again"};
};

}  // namespace kagent::kagentd
