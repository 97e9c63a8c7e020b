#include "coordinator/ctl/client/node_set.hpp"

#include <algorithm>
#include <thread>

namespace kagent::ctl {

using std::chrono::steady_clock;

void NodeSet::begin() {
  complete_ = false;
}

const v1::Node* NodeSet::apply(const v1::WatchNodesResponse& message) {
  if (const auto now = render::time_of(message.now())) {
    said_ = *now;
    said_at_ = steady_clock::now();
  }
  complete_ = complete_ || message.complete();
  if (message.has_removed_id()) {
    std::erase_if(nodes_, [&](const v1::Node& node) { return node.id() == message.removed_id(); });
    index_.clear();
    for (std::size_t i = 0; i < nodes_.size(); ++i) index_.emplace(nodes_[i].id(), i);
    return nullptr;
  }
  if (!message.has_updated()) return nullptr;
  const auto [entry, added] = index_.try_emplace(message.updated().id(), nodes_.size());
  if (added) nodes_.emplace_back();
  return &(nodes_[entry->second] = message.updated());
}

render::Time NodeSet::now() const {
  if (said_ == render::Time{}) return std::chrono::system_clock::now();
  return said_ + std::chrono::duration_cast<render::Time::duration>(steady_clock::now() - said_at_);
}

Result<> follow(Client& client, std::chrono::milliseconds tick, bool patient,
                const std::function<bool(const Event&)>& on_event) {
  NodeSet set;
  bool answered = patient;
  for (;;) {
    set.begin();
    const auto watched = client.watch_nodes(tick, [&](const v1::WatchNodesResponse* message) {
      answered = answered || message != nullptr;
      const v1::Node* changed = message == nullptr ? nullptr : set.apply(*message);
      return on_event({set, changed, {}});
    });
    if (watched) return {};
    const bool worth_trying = watched.error().code() == Errc::unavailable && answered;
    if (!worth_trying) return watched.error();
    if (!on_event({set, nullptr, watched.error().message()})) return {};
    std::this_thread::sleep_for(tick);
  }
}

}  // namespace kagent::ctl
