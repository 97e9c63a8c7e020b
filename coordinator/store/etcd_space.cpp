#include "coordinator/store/etcd_space.hpp"

#include <utility>

namespace kagent::coordinator::etcd {
namespace {

constexpr char kept[] = "kept/";
constexpr std::int64_t page = 100;  // of values up to 512 KiB
constexpr int most_tries = 100;     // each lost to another writer

// Well below etcd's limits of 128 and 1.5 MiB.
constexpr std::size_t most_names = 100;
constexpr std::size_t most_bytes = 1 << 20;

}  // namespace

Space::Space(std::shared_ptr<Client> client, std::string prefix, Fence fence,
             std::function<void(const Error&)> lost)
    : client_(std::move(client)),
      prefix_(std::move(prefix)),
      fence_(std::move(fence)),
      lost_(std::move(lost)) {}

std::string Space::key(std::string_view name) const {
  return prefix_ + "/" + std::string(name);
}

// --- reading

Result<> Space::scan(const std::string& folder,
                     const std::function<Result<>(std::string name, std::string value)>& visit) {
  pb::RangeRequest request = get(key(folder));
  request.set_range_end(end_of(key(folder)));
  request.set_limit(page);
  for (;;) {
    auto answer = client_->range(request);
    if (!answer) return answer.error();
    for (pb::KeyValue& entry : *answer->mutable_kvs()) {
      std::string name = entry.key().substr(prefix_.size() + 1);
      if (name.starts_with(kept)) held_[name] = {entry.value(), entry.mod_revision()};
      if (auto visited = visit(std::move(name), std::move(*entry.mutable_value())); !visited)
        return visited;
    }
    if (!answer->more()) return {};
    if (answer->kvs().empty()) return Error(Errc::protocol, "etcd: an empty page");
    // All pages show the same revision.
    if (request.revision() == 0) request.set_revision(answer->header().revision());
    request.set_key(answer->kvs().rbegin()->key() + '\0');
  }
}

Result<> Space::read() {
  if (auto done = redo(); !done) return done;
  undecided_.reset();
  held_.clear();
  return scan(kept, [](const std::string&, const std::string&) -> Result<> { return {}; });
}

Result<> Space::each(const std::string& folder,
                     const std::function<Result<>(const std::string& value)>& visit) const {
  for (auto at = held_.lower_bound(folder); at != held_.end() && at->first.starts_with(folder);
       ++at)
    if (auto visited = visit(at->second.value); !visited) return visited;
  return {};
}

// --- one transaction

const std::string* Space::find(const std::string& name) {
  change_.reads.insert(name);
  if (const auto own = change_.writes.find(name); own != change_.writes.end())
    return own->second ? &*own->second : nullptr;
  const auto found = held_.find(name);
  return found == held_.end() ? nullptr : &found->second.value;
}

void Space::put(const std::string& name, std::string value) {
  change_.writes[name] = std::move(value);
}

void Space::erase(const std::string& name) {
  change_.writes[name] = std::nullopt;
}

Result<> Space::atomically(const std::function<Result<>()>& work) {
  for (int tries = 0; tries < most_tries; ++tries) {
    if (undecided_) return *undecided_;
    change_ = {};
    in_transaction_ = true;
    Result<> done = work();
    in_transaction_ = false;
    Change change = std::exchange(change_, {});
    // An outdated copy may be the cause of the error.
    if (!done) change.writes.clear();
    const auto committed = commit(change);
    if (!committed) return committed.error();
    if (*committed) return done;
  }
  return Error(Errc::unavailable, "another writer keeps writing below " + prefix_ + " in etcd");
}

Result<bool> Space::commit(const Change& change) {
  if (change.reads.empty() && change.writes.empty()) return true;
  const auto parts = split(change);
  return parts.size() == 1 ? submit(parts.front()) : commit_in_parts(parts);
}

Result<bool> Space::submit(const Change& change) {
  pb::TxnRequest request;
  *request.add_compare() = created_at(fence_.key, fence_.created);
  *request.add_failure()->mutable_request_range() = get(fence_.key);
  std::set<std::string> names = change.reads;
  for (const std::string& name : change.reads) {
    const auto held = held_.find(name);
    *request.add_compare() = held == held_.end() ? created_at(key(name), 0)
                                                 : modified_at(key(name), held->second.modified);
  }
  for (const auto& [name, value] : change.writes) {
    names.insert(name);
    pb::RequestOp& operation = *request.add_success();
    if (value) {
      operation.mutable_request_put()->set_key(key(name));
      operation.mutable_request_put()->set_value(*value);
    } else {
      operation.mutable_request_delete_range()->set_key(key(name));
    }
  }
  for (const std::string& name : names)
    *request.add_failure()->mutable_request_range() = get(key(name));
  const auto answer = client_->txn(request);
  if (!answer) return answer.error();
  if (!answer->succeeded()) return settle(change, *answer);
  hold(change, answer->header().revision());
  return true;
}

void Space::hold(const Change& change, std::int64_t revision) {
  for (const auto& [name, value] : change.writes) {
    if (!name.starts_with(kept)) continue;
    if (value)
      held_[name] = {*value, revision};
    else
      held_.erase(name);
  }
}

// The answer holds the leader's key first, then every name.
Result<bool> Space::settle(const Change& change, const pb::TxnResponse& refused) {
  std::map<std::string, const pb::KeyValue*> found;
  for (const pb::ResponseOp& response : refused.responses())
    for (const pb::KeyValue& entry : response.response_range().kvs()) found[entry.key()] = &entry;
  const auto leader = found.find(fence_.key);
  if (leader == found.end() || leader->second->create_revision() != fence_.created) {
    const Error error(Errc::unavailable,
                      "another coordinator is the active one" +
                          (leader == found.end() ? "" : ": " + leader->second->value()));
    if (lost_) std::exchange(lost_, nullptr)(error);
    return error;
  }
  std::set<std::string> names = change.reads;
  // If all keys have the wanted values, an earlier try succeeded and its answer was lost.
  bool landed = !change.writes.empty();
  for (const auto& [name, value] : change.writes) {
    names.insert(name);
    const auto now = found.find(key(name));
    landed = landed && (now == found.end() ? !value : value == now->second->value());
  }
  for (const std::string& name : names) {
    if (!name.starts_with(kept)) continue;
    const auto now = found.find(key(name));
    if (now == found.end())
      held_.erase(name);
    else
      held_[name] = {now->second->value(), now->second->mod_revision()};
  }
  return landed;
}

std::vector<Space::Change> Space::split(const Change& change) {
  std::vector<Change> parts(1);
  std::set<std::string> names = change.reads;
  for (const auto& [name, value] : change.writes) names.insert(name);
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    const auto written = change.writes.find(name);
    // The key is in the comparison, in the write and in the answer.
    const std::size_t size =
        4 * name.size() +
        (written != change.writes.end() && written->second ? written->second->size() : 0);
    if (count == most_names || (count > 0 && bytes + size > most_bytes)) {
      parts.emplace_back();
      count = bytes = 0;
    }
    ++count;
    bytes += size;
    if (change.reads.contains(name)) parts.back().reads.insert(name);
    if (written != change.writes.end()) parts.back().writes.insert(*written);
  }
  return parts;
}

}  // namespace kagent::coordinator::etcd
