#pragma once

#include "agent/common/base/complaint.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/sequence/node_client.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace kagent::kagentd {

// Passes the coordinator's envelopes to kagent-noded, which verifies them. One at a time, in order:
// their serials grow.
class Envelopes {
 public:
  struct Handlers {
    // An envelope that noded has accepted. The next one waits for its end.
    std::function<boost::asio::awaitable<void>(Delivered)> delivered;
    // obstacle() has changed.
    std::function<void()> changed;
    // Asks the coordinator to send all its envelopes for this node again.
    std::function<void()> ask_again;
  };

  Envelopes(Tasks& tasks, NodeClient& node, Handlers handlers);

  // `envelope`: a serialised v1::SignedEnvelope.
  void take(std::string envelope);
  // Why noded did not accept the last envelope.
  [[nodiscard]] const std::optional<Failure>& obstacle() const { return obstacle_; }

 private:
  boost::asio::awaitable<void> deliver_all();
  // True: noded is to get the envelope again.
  bool keep_after(const Error& why);
  boost::asio::awaitable<void> ask_again_later();

  Tasks& tasks_;
  NodeClient& node_;
  Handlers handlers_;
  std::deque<std::string> waiting_;
  bool delivering_ = false;
  bool asking_again_ = false;
  std::optional<Failure> obstacle_;
  Complaint complaint_{"kagent-noded accepts envelopes again"};
};

}  // namespace kagent::kagentd
