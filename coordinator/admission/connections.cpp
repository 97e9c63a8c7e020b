#include "coordinator/admission/connections.hpp"

namespace kagent::coordinator {
namespace {

std::string address_in(const std::string& key) {
  return subscriber_of(key.substr(0, key.find(' ')));
}

}  // namespace
bool Connections::has_room(const std::string& key) const {
  const auto its = strangers_by_address_.find(address_in(key));
  return open_.size() < bounds_.all && strangers_ < bounds_.strangers &&
         (its == strangers_by_address_.end() || its->second < bounds_.strangers_of_one_address);
}

bool Connections::begin(const std::string& key, SteadyTime now) {
  end(key);  // an earlier connection from that port has ended
  if (!has_room(key)) {
    ++turned_away_;
    return false;
  }
  std::string address = address_in(key);
  count_stranger(address, true);
  open_[key] = Connection{std::move(address), false, now};
  return true;
}

void Connections::end(const std::string& key) {
  const auto found = open_.find(key);
  if (found == open_.end()) return;
  if (!found->second.known) count_stranger(found->second.address, false);
  open_.erase(found);
}

void Connections::known(const std::string& key) {
  const auto found = open_.find(key);
  if (found == open_.end() || found->second.known) return;
  found->second.known = true;
  count_stranger(found->second.address, false);
}

void Connections::stranger(const std::string& key, SteadyTime now) {
  const auto found = open_.find(key);
  if (found == open_.end() || !found->second.known) return;
  found->second.known = false;
  found->second.since = now;
  count_stranger(found->second.address, true);
}

std::vector<std::string> Connections::overdue(SteadyTime now) const {
  std::vector<std::string> late;
  for (const auto& [key, connection] : open_)
    if (!connection.known && now - connection.since >= bounds_.stranger_time) late.push_back(key);
  return late;
}

void Connections::count_stranger(const std::string& address, bool more) {
  if (more) {
    ++strangers_;
    ++strangers_by_address_[address];
    return;
  }
  --strangers_;
  const auto found = strangers_by_address_.find(address);
  if (--found->second == 0) strangers_by_address_.erase(found);
}

}  // namespace kagent::coordinator
