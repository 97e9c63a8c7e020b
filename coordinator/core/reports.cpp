#include "coordinator/core/reports.hpp"

#include "agent/common/base/log.hpp"

namespace kagent::coordinator {
namespace {

constexpr std::size_t most_report_bytes = 512 << 10;

}  // namespace

bool Reports::accepts(const std::string& node, const v1::NodeReport& report) {
  if (report.ByteSizeLong() <= most_report_bytes) return true;
  if (oversized_.insert(node).second)
    log::warning("node {} sends reports larger than 512 KiB; they are ignored", node);
  return false;
}

void Reports::flush() {
  if (unsaved_.empty()) return;
  std::vector<ReportRecord> reports;
  for (const std::string& id : unsaved_)
    if (const Node* node = registry_.find(id); node != nullptr && node->report)
      reports.push_back({id, node->report->bytes});
  const auto saved = store_.save_reports(reports);
  unsaved_.clear();
  if (!saved) log::warning("reports are not saved: {}", saved.error().message());
}

}  // namespace kagent::coordinator
