#include "coordinator/store/etcd_nodes.hpp"

#include "coordinator/store/stored.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace kagent::coordinator::etcd {
namespace {

// Names below PREFIX/.
constexpr char nodes_folder[] = "kept/nodes/";
constexpr char reports_folder[] = "reports/";

// The reports of one transaction, and their bytes unless it is a single report.
constexpr std::size_t most_reports = 40;
constexpr std::size_t most_report_bytes = 512 << 10;

// The end of the batch of reports that begins at `next`.
std::size_t batch_end(const std::vector<ReportRecord>& reports, std::size_t next) {
  std::size_t end = next;
  for (std::size_t bytes = 0;
       end < reports.size() && end - next < most_reports &&
       (end == next || bytes + reports[end].bytes.size() <= most_report_bytes);
       ++end)
    bytes += reports[end].bytes.size();
  return end;
}

}  // namespace

Result<std::vector<StoredNode>> NodeKeys::load() {
  std::vector<StoredNode> nodes;
  const auto add = [&](const std::string& bytes) -> Result<> {
    auto node = stored::node_of(bytes);
    if (!node) return node.error();
    nodes.push_back({std::move(*node), {}});
    return {};
  };
  if (auto done = space_.each(nodes_folder, add); !done) return done.error();
  if (auto done = load_reports(nodes); !done) return done.error();
  std::ranges::sort(nodes, {}, [](const StoredNode& node) { return node.record.order; });
  return nodes;
}

Result<> NodeKeys::load_reports(std::vector<StoredNode>& nodes) {
  std::map<std::string, std::string> reports;
  const auto add = [&](std::string name, std::string value) -> Result<> {
    reports[name.substr(std::string_view(reports_folder).size())] = std::move(value);
    return {};
  };
  if (auto done = space_.scan(reports_folder, add); !done) return done;
  for (auto& [record, report] : nodes)
    if (const auto found = reports.find(record.id); found != reports.end())
      report = std::move(found->second);
  return {};
}

Result<std::optional<NodeRecord>> NodeKeys::find(const std::string& id) {
  const std::string* bytes = space_.find(nodes_folder + id);
  if (bytes == nullptr) return std::optional<NodeRecord>();
  auto node = stored::node_of(*bytes);
  if (!node) return node.error();
  return std::optional(std::move(*node));
}

void NodeKeys::put(const NodeRecord& node) {
  space_.put(nodes_folder + node.id, stored::bytes_of(node));
}

Result<> NodeKeys::bind(const NodeRecord& record) {
  const auto node = find(record.id);
  if (!node) return node.error();
  if (!*node)
    put(record);
  else if ((*node)->key_sha256 != record.key_sha256)
    return Error(Errc::already_exists, "node " + record.id + " is bound to another key");
  return {};
}

Result<> NodeKeys::rebind(const NodeRecord& record, const std::string& from) {
  auto node = find(record.id);
  if (!node) return node.error();
  if (!*node || (*node)->key_sha256 != from)
    return Error(Errc::failed_precondition, "node " + record.id + " is bound to another key");
  (*node)->key_sha256 = record.key_sha256;
  (*node)->barred_key = record.barred_key;
  put(**node);
  return {};
}

Result<> NodeKeys::save(const NodeRecord& record) {
  const auto node = find(record.id);
  if (!node) return node.error();
  if (!*node || (*node)->key_sha256 != record.key_sha256)
    return Error(Errc::not_found, "node " + record.id + " is not bound to this key");
  if ((*node)->serial > record.serial)
    return Error(Errc::failed_precondition,
                 "node " + record.id + " has a higher serial in the store");
  NodeRecord saved = record;
  // The enrolment set these, and rebind() alone changes them.
  saved.barred_key = (*node)->barred_key;
  saved.order = (*node)->order;
  saved.enrolled_at = (*node)->enrolled_at;
  put(saved);
  return {};
}

Result<> NodeKeys::save_reports(const std::vector<ReportRecord>& reports) {
  for (std::size_t next = 0; next < reports.size();) {
    const std::size_t end = batch_end(reports, next);
    const auto saved = space_.join([&]() -> Result<> {
      for (std::size_t i = next; i < end; ++i) {
        if (space_.find(nodes_folder + reports[i].node_id) == nullptr)
          return Error(Errc::not_found, "node " + reports[i].node_id + " is not bound");
        space_.put(reports_folder + reports[i].node_id, std::string(reports[i].bytes));
      }
      return {};
    });
    if (!saved) return saved;
    next = end;
  }
  return {};
}

}  // namespace kagent::coordinator::etcd
