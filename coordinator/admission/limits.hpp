#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

// Rate limits. Refusing a request must cost less than sending it.
namespace kagent::coordinator {

using SteadyTime = std::chrono::steady_clock::time_point;

// A leaky bucket: it leaks `rate` a second and holds `size`.
class Bucket {
 public:
  Bucket(double rate, double size) : rate_(rate), size_(size) {}

  void pour(double amount, SteadyTime now);
  // Zero if the bucket is not full.
  [[nodiscard]] std::chrono::milliseconds until_room(SteadyTime now) const;
  [[nodiscard]] bool is_empty(SteadyTime now) const { return level(now) <= 0; }

 private:
  [[nodiscard]] double level(SteadyTime now) const;

  double rate_, size_;
  double level_ = 0;
  SteadyTime at_;
};

// The IPv4 address, or the first 64 bits of an IPv6 address, which one subscriber has.
std::string subscriber_of(const std::string& ip);

// One bucket for each address. Bounded: further addresses share a bucket twenty times as large.
class Addresses {
 public:
  static constexpr std::size_t most = 10'000;

  Addresses(double a_second, double at_once)
      : rate_(a_second), size_(at_once), others_(a_second * 20, at_once * 20) {}

  [[nodiscard]] bool may_ask(const std::string& ip, SteadyTime now) const;
  void count(const std::string& ip, SteadyTime now);
  [[nodiscard]] std::size_t remembered() const { return buckets_.size(); }

 private:
  double rate_, size_;
  std::map<std::string, Bucket> buckets_;
  SteadyTime swept_;
  Bucket others_;
};

// Counts refused requests: an address with too many must wait. Accepted requests do not count, so a
// fleet behind one address can enrol at once.
class Strangers : public Addresses {
 public:
  Strangers() : Addresses(1, 50) {}
};

// Counts new node ids that were accepted.
class Newcomers : public Addresses {
 public:
  Newcomers() : Addresses(10, 1500) {}
};

}  // namespace kagent::coordinator
