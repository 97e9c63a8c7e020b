#include "coordinator/core/group_commit.hpp"

#include <boost/asio/post.hpp>

#include <string_view>
#include <unordered_map>
#include <variant>

namespace kagent::coordinator {
namespace {

// Of several saves of one record in a turn, only the last is written.
std::vector<bool> superseded(const std::vector<Write>& writes) {
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

class Apply {
 public:
  explicit Apply(Store& store) : store_(store) {}

  Result<> operator()(const BindNode& bind) { return store_.bind_node(bind.record); }
  Result<> operator()(const SaveNode& save) { return store_.save_node(save.record); }
  Result<> operator()(const RebindNode& rebind) {
    return store_.rebind_node(rebind.record, rebind.from);
  }
  Result<> operator()(const SaveCluster& save) { return store_.save_cluster(save.cluster); }
  Result<> operator()(const TakeLease& take) { return store_.take_lease(take.lease); }

 private:
  Store& store_;
};

}  // namespace

void GroupCommit::write(Write write) {
  writes_.push_back(std::move(write));
  schedule();
}

void GroupCommit::after(std::function<void()> send) {
  answer([send = std::move(send)](const Result<>& saved) {
    if (saved) send();
  });
}

void GroupCommit::answer(std::function<void(const Result<>&)> done) {
  sends_.push_back(std::move(done));
  schedule();
}

void GroupCommit::schedule() {
  if (std::exchange(scheduled_, true)) return;
  boost::asio::post(loop_, [this] {
    if (scheduled_) (void)flush();
  });
}

Result<> GroupCommit::commit(const std::vector<Write>& writes) {
  const std::vector<bool> skip = superseded(writes);
  return store_.atomically([&]() -> Result<> {
    for (std::size_t i = 0; i < writes.size(); ++i)
      if (!skip[i])
        if (auto written = std::visit(Apply(store_), writes[i]); !written) return written;
    return {};
  });
}

Result<> GroupCommit::flush() {
  scheduled_ = false;
  const auto writes = std::exchange(writes_, {});
  const auto sends = std::exchange(sends_, {});
  const bool was_well = state_.has_value();
  if (was_well && !writes.empty()) {
    ++commits_;
    // After a failure memory and disk differ until a restart loads the disk.
    if (auto committed = commit(writes); !committed)
      state_ = Error(Errc::unavailable, committed.error().context("the store").message());
  }
  for (const auto& send : sends) send(state_);
  if (was_well && !state_) fatal_(state_.error());
  return state_;
}

}  // namespace kagent::coordinator
