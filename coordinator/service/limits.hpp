#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

// How much is taken from whom. Refusing must cost less than asking.
namespace kagent::coordinator {

using SteadyTime = std::chrono::steady_clock::time_point;

// A bucket that leaks `rate` a second and holds `size`.
class Bucket {
 public:
  Bucket(double rate, double size) : rate_(rate), size_(size) {}

  void pour(double amount, SteadyTime now);
  // Zero while it does not run over.
  [[nodiscard]] std::chrono::milliseconds until_room(SteadyTime now) const;
  [[nodiscard]] bool is_empty(SteadyTime now) const { return level(now) <= 0; }

 private:
  [[nodiscard]] double level(SteadyTime now) const;

  double rate_, size_;
  double level_ = 0;
  SteadyTime at_;
};

// Who was refused too often is not listened to for a while. Those that are let in cost nothing, so
// a fleet behind one address may come at once. Bounded: the rest shares one bucket.
class Strangers {
 public:
  static constexpr double refusals_a_second = 1;
  static constexpr double refusals_at_once = 50;
  static constexpr std::size_t most = 10'000;

  // `ip`: of IPv6 the first 64 bits count, which is what one subscriber has.
  [[nodiscard]] bool may_ask(const std::string& ip, SteadyTime now) const;
  void refused(const std::string& ip, SteadyTime now);
  [[nodiscard]] std::size_t remembered() const { return buckets_.size(); }

 private:
  std::map<std::string, Bucket> buckets_;
  SteadyTime swept_;
  Bucket others_{refusals_a_second * 20, refusals_at_once * 20};
};

}  // namespace kagent::coordinator
