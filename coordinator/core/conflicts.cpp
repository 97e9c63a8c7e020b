#include "coordinator/core/conflicts.hpp"

#include "agent/common/base/names.hpp"

namespace kagent::coordinator {

void Conflicts::look(const std::string& node, const v1::NodeFacts& facts) {
  const bool is_named =
      is_node_name(facts.node_name()) && !facts.node_name().starts_with("localhost");
  duplicates_.seen(node, {{"hostname", is_named ? facts.node_name() : ""},
                          {"machine-id", facts.machine_id()},
                          {"product-uuid", facts.product_uuid()}});
  const Node* known = registry_.find(node);
  if (known == nullptr || known->record.joined || known->record.name_bound) return;
  auto conflicts = duplicates_.of(node, [&](const std::string& other) {
    const Node* rival = registry_.find(other);
    return rival != nullptr &&
           (rival->record.name_bound || rival->record.order < known->record.order);
  });
  auto& told = told_[node];
  if (conflicts == told) return;
  v1::CoordinatorMessage message;
  message.mutable_conflicts();
  for (const Conflict& conflict : conflicts) {
    v1::Conflict& entry = *message.mutable_conflicts()->add_conflicts();
    entry.set_kind(conflict.kind);
    entry.set_value(conflict.value);
    entry.set_other(conflict.other);
  }
  told = std::move(conflicts);
  sessions_.send(node, std::move(message));
}

void Conflicts::gone(const std::string& node) {
  duplicates_.gone(node);
  told_.erase(node);
}

}  // namespace kagent::coordinator
