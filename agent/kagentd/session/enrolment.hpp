#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/common/rpc/channel.hpp"
#include "agent/common/trust/ca_pin.hpp"
#include "agent/kagentd/session/identity.hpp"
#include "kagent/v1/agent.pb.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace kagent::kagentd {

// This node's key and certificate: loaded, asked for from the coordinator, renewed. Nothing secret
// is sent before the CA hash of the user-data was found in the coordinator's chain.
class Enrolment {
 public:
  struct Options {
    config::CoordinatorUrl coordinator;
    std::string node_id;
    std::string role;             // that user-data asks for
    std::filesystem::path state;  // folder of key and certificate
    std::filesystem::path
        instance_proof;  // EC2's signed instance identity document; may be missing
  };

  Enrolment(boost::asio::io_context& io, Options options);
  ~Enrolment();

  // Loads a valid certificate, or enrols. Errors: those of the files and of the coordinator.
  boost::asio::awaitable<Result<>> ensure();
  // Shows the certificate that ensure() found.
  [[nodiscard]] rpc::ChannelOptions channel() const;
  // From about half of the certificate's life on, and at once if its CA has a successor.
  [[nodiscard]] bool is_renewal_due() const;
  // Logs a failure, and is due again five minutes later.
  boost::asio::awaitable<void> renew();
  // For a coordinator whose certificate is not trusted: looks for a CA for which the present one
  // vouches.
  boost::asio::awaitable<void> follow_ca();
  // The coordinator does not accept the certificate: the next ensure() enrols.
  void forget();
  // Ends a handshake that is under way.
  void stop() { stop_.request_stop(); }

 private:
  struct CaFetch;

  // `ca_sha256`: of the CA that is trusted so far.
  boost::asio::awaitable<Result<PinnedCa>> fetch_ca(std::string ca_sha256);
  boost::asio::awaitable<Result<>> enrol(std::string ca_pem, bool renewal);
  boost::asio::awaitable<Result<v1::EnrollResponse>> ask_certificate(std::string ca_pem,
                                                                     bool renewal);
  Result<> prove(const v1::ChallengeResponse& challenge, v1::EnrollRequest& request) const;
  Result<> keep(const v1::EnrollResponse& response);

  boost::asio::io_context& io_;
  Options options_;
  std::stop_source stop_;
  boost::asio::thread_pool helper_{1};  // for the blocking handshake that fetches the CA
  std::string key_pem_;
  std::optional<Identity> identity_;
  std::chrono::system_clock::time_point renew_at_;
};

}  // namespace kagent::kagentd
