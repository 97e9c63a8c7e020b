#include "coordinator/admission/limits.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace kagent::coordinator {
namespace {

// A sweep looks at all addresses, so it runs only now and then.
constexpr std::chrono::seconds sweep_every{1};

}  // namespace

std::string subscriber_of(const std::string& ip) {
  in6_addr six{};
  if (::inet_pton(AF_INET6, ip.c_str(), &six) != 1) return ip;
  return {reinterpret_cast<const char*>(&six), 8};
}

double Bucket::level(SteadyTime now) const {
  const std::chrono::duration<double> passed = now - at_;
  return std::max(0.0, level_ - passed.count() * rate_);
}

void Bucket::pour(double amount, SteadyTime now) {
  level_ = std::min(level(now) + amount, size_ * 2);
  at_ = now;
}

std::chrono::milliseconds Bucket::until_room(SteadyTime now) const {
  const double over = level(now) - size_;
  return over < 0 ? std::chrono::milliseconds(0)
                  : std::chrono::milliseconds(static_cast<long>(over / rate_ * 1000) + 1);
}

bool Addresses::may_ask(const std::string& ip, SteadyTime now) const {
  const auto found = buckets_.find(subscriber_of(ip));
  if (found != buckets_.end()) return found->second.until_room(now).count() == 0;
  return buckets_.size() < most || others_.until_room(now).count() == 0;
}

void Addresses::count(const std::string& ip, SteadyTime now) {
  const std::string key = subscriber_of(ip);
  if (buckets_.size() >= most && !buckets_.contains(key) && now - swept_ >= sweep_every) {
    swept_ = now;
    std::erase_if(buckets_, [&](const auto& each) { return each.second.is_empty(now); });
  }
  if (buckets_.size() >= most && !buckets_.contains(key)) return others_.pour(1, now);
  buckets_.try_emplace(key, rate_, size_).first->second.pour(1, now);
}

}  // namespace kagent::coordinator
