#include "coordinator/core/courier.hpp"

#include <boost/asio/post.hpp>

#include <string_view>
#include <unordered_map>

namespace kagent::coordinator {
namespace {

// A record saved twice in one turn needs to be written once: the last wins.
std::vector<bool> superseded(const std::vector<Action>& writes) {
  std::vector<bool> skip(writes.size(), false);
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto* node = std::get_if<SaveNode>(&writes[i]);
    if (node == nullptr) continue;
    const auto [entry, first] = last.try_emplace(node->record.id, i);
    if (!first) skip[std::exchange(entry->second, i)] = true;
  }
  return skip;
}

Result<> apply(Store& store, const Action& write) {
  if (const auto* bind = std::get_if<BindNode>(&write)) return store.bind_node(bind->record);
  if (const auto* node = std::get_if<SaveNode>(&write)) return store.save_node(node->record);
  if (const auto* rebind = std::get_if<RebindNode>(&write))
    return store.rebind_node(rebind->record, rebind->from);
  if (const auto* lease = std::get_if<TakeLease>(&write)) return store.take_lease(lease->lease);
  if (const auto* cluster = std::get_if<SaveCluster>(&write))
    return store.save_cluster(cluster->cluster);
  return Error(Errc::internal, "not a write");
}

}  // namespace

void Courier::write(Action save) {
  writes_.push_back(std::move(save));
  schedule();
}

void Courier::after(std::function<void()> send) {
  answer([send = std::move(send)](const Result<>& saved) {
    if (saved) send();
  });
}

void Courier::answer(std::function<void(const Result<>&)> done) {
  sends_.push_back(std::move(done));
  schedule();
}

void Courier::schedule() {
  if (std::exchange(scheduled_, true)) return;
  boost::asio::post(loop_, [this] {
    if (scheduled_) (void)flush();
  });
}

Result<> Courier::commit(const std::vector<Action>& writes) {
  const std::vector<bool> skip = superseded(writes);
  return store_.atomically([&]() -> Result<> {
    for (std::size_t i = 0; i < writes.size(); ++i)
      if (!skip[i])
        if (auto written = apply(store_, writes[i]); !written) return written;
    return {};
  });
}

Result<> Courier::flush() {
  scheduled_ = false;
  const auto writes = std::exchange(writes_, {});
  const auto sends = std::exchange(sends_, {});
  const bool was_well = state_.has_value();
  if (was_well && !writes.empty()) {
    ++commits_;
    // Memory and disk differ after a failure; only a restart from the disk makes them one again.
    if (auto committed = commit(writes); !committed)
      state_ = Error(Errc::unavailable, committed.error().context("the store").message());
  }
  for (const auto& send : sends) send(state_);
  if (was_well && !state_) fatal_(state_.error());
  return state_;
}

}  // namespace kagent::coordinator
