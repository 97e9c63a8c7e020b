#pragma once

#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kagent::bench {

using Clock = std::chrono::steady_clock;

// Nodes in one process, each with a key, a certificate, a connection and a session of its own. The
// first is the control plane, and answers every request for a bootstrap token at once.
class Fleet {
 public:
  Fleet(std::string address, std::string ca_pem, std::string token, std::size_t nodes);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Each blocks until it is done for all; an error is an exception.
  void enrol();
  void open_sessions();  // until everybody has its Assignment
  void wait_to_join();   // everybody but the control plane says that it waits
  // The cluster is ready; returns, per worker, how long until its grant was there.
  std::vector<std::chrono::microseconds> grant_all();
  void idle(std::chrono::seconds time);  // heartbeats only

 private:
  struct Node;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::bench
