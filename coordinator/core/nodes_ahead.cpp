#include "coordinator/core/nodes_ahead.hpp"

#include "agent/common/base/log.hpp"

namespace kagent::coordinator {

void NodesAhead::look(const std::string& node, std::uint64_t serial) {
  const NodeRecord* record = registry_.record(node);
  if (record == nullptr || serial <= record->serial) {
    nodes_.erase(node);
    return;
  }
  if (nodes_.insert(node).second)
    log::error(
        "node {} holds order {}, but the last order known here is {}: was the store put back from "
        "an older copy? The node takes no order with a lower number",
        node, serial, record->serial);
}

}  // namespace kagent::coordinator
