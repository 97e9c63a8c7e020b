#include "coordinator/core/find_node.hpp"

namespace kagent::coordinator {
namespace {

const std::string& title_of(const Node& node) {
  return node.record.name.empty() ? node.record.id : node.record.name;
}

}  // namespace

Result<const Node*> find_node(const Registry& registry, const std::string& id_or_name) {
  const Node* by_id = registry.find(id_or_name);
  if (by_id != nullptr && by_id->record.name == id_or_name) return by_id;
  const Node* found = nullptr;
  for (const auto& node : registry.nodes()) {
    if (node->record.name != id_or_name) continue;
    // Nodes choose their names, so a node could take another one's id as its name.
    if (by_id != nullptr)
      return Error(Errc::failed_precondition, id_or_name + " is the id of one node (named " +
                                                  title_of(*by_id) + ") and the name of another (" +
                                                  node->record.id + "): say that name or that id");
    if (found != nullptr)
      return Error(Errc::failed_precondition, "several nodes are named " + id_or_name +
                                                  ": give the id, " + found->record.id + " or " +
                                                  node->record.id);
    found = node.get();
  }
  if (by_id != nullptr) return by_id;
  if (found == nullptr) return Error(Errc::not_found, "there is no node " + id_or_name);
  return found;
}

}  // namespace kagent::coordinator
