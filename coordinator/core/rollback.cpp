#include "coordinator/core/rollback.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"

#include <cstdlib>

namespace kagent::coordinator {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

constexpr char mark_file[] = "rolled-back";
constexpr char accept_file[] = "accept-rollback";
constexpr char accepted_file[] = "rollback-accepted";
// A certificate's validity begins this long before its issue: agent/common/trust/pki_issue.cpp.
constexpr std::chrono::minutes clock_difference{5};
constexpr std::uint64_t beyond_what_nodes_have_seen = std::uint64_t{1} << 24U;

}  // namespace

Error Rollback::refusal(const std::string& why) const {
  return {Errc::data_loss,
          folder_.string() + " is an older copy of itself: " + why +
              ". It is not served: it would give away again what is taken, a second cluster even. "
              "Restore the newest copy; if this is the newest, see kagent-coordinator(8), "
              "RESTORING"};
}

Result<> Rollback::check() {
  if (folder_.empty()) return {};
  std::error_code ignored;
  accepted_ = fs::exists(folder_ / accept_file, ignored);
  if (accepted_) return remove_file(age_file_of(folder_ / "store.db"));
  const auto mark = read_file(folder_ / mark_file, 4096);
  if (mark) return refusal(mark->substr(0, mark->find('\n')));
  if (mark.error().code() != Errc::not_found) return mark.error();
  const auto at = read_file(folder_ / accepted_file, 64);
  if (at) accepted_at_ = system_clock::from_time_t(std::atoll(at->c_str()));
  return {};
}

Result<> Rollback::go_on(Store& store, Snapshot& snapshot, system_clock::time_point now) {
  if (!accepted_) return {};
  auto raised = store.atomically([&]() -> Result<> {
    for (StoredNode& node : snapshot.nodes) {
      node.record.serial += beyond_what_nodes_have_seen;
      if (auto saved = store.save_node(node.record); !saved) return saved;
    }
    return {};
  });
  if (!raised) return raised;
  accepted_at_ = now;
  const std::string text = std::to_string(system_clock::to_time_t(now)) + "\n";
  if (auto kept = write_file_atomic(folder_ / accepted_file, text, 0600); !kept) return kept;
  if (auto gone = remove_file(folder_ / mark_file); !gone) return gone;
  log::warning("{} goes on from an older copy, which an administrator has accepted",
               folder_.string());
  return remove_file(folder_ / accept_file);
}

Result<> Rollback::unknown_node(const Caller& caller) const {
  if (folder_.empty() || caller.validity.not_before + clock_difference <= accepted_at_) return {};
  const std::string why = "node " + caller.common_name + " at " + caller.ip +
                          " has a certificate of this CA, and the store does not know it";
  if (auto kept = write_file_atomic(folder_ / mark_file, why + "\n", 0600); !kept)
    log::error("{}", kept.error().message());
  return refusal(why);
}

}  // namespace kagent::coordinator
