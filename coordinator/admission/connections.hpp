#pragma once

#include "coordinator/admission/limits.hpp"

#include <map>
#include <string>
#include <vector>

namespace kagent::coordinator {

// Quotas of connections to the gRPC port. A peer that has not proved yet to be a node or an
// administrator is a stranger: strangers share a quota per address and are disconnected after a
// while, whatever they stall (a handshake, a call or its body). No I/O: the listener closes.
class Connections {
 public:
  struct Bounds {
    std::size_t strangers_of_one_address = 1024;  // IPv6: of one /64
    std::size_t strangers = 4096;
    std::size_t all = 16'384;
    std::chrono::seconds stranger_time{20};
  };

  Connections() = default;
  explicit Connections(Bounds bounds) : bounds_(bounds) {}

  [[nodiscard]] bool has_room(const std::string& key) const;
  // `key`: connection_key() in address.hpp. False: there is no room, and turned_away() counts it.
  bool begin(const std::string& key, SteadyTime now);
  void end(const std::string& key);
  // The peer has proved its identity.
  void known(const std::string& key);
  // The session or call that proved the peer's identity has ended.
  void stranger(const std::string& key, SteadyTime now);
  // Keys of strangers whose time is up.
  [[nodiscard]] std::vector<std::string> overdue(SteadyTime now) const;

  [[nodiscard]] std::size_t open() const { return open_.size(); }
  [[nodiscard]] std::uint64_t turned_away() const { return turned_away_; }

 private:
  struct Connection {
    std::string address;
    bool known = false;
    SteadyTime since;
  };
  void count_stranger(const std::string& address, bool more);

  Bounds bounds_;
  std::map<std::string, Connection> open_;
  std::map<std::string, std::size_t> strangers_by_address_;
  std::size_t strangers_ = 0;
  std::uint64_t turned_away_ = 0;
};

}  // namespace kagent::coordinator
