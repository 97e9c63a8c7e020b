#include "coordinator/registry/removed_nodes.hpp"

namespace kagent::coordinator {

RemovedNodes::RemovedNodes(Nodes& nodes, const ControlPlanes& control_planes, const Names& names,
                           Outbox& out)
    : nodes_(nodes), control_planes_(control_planes), names_(names), out_(out) {}

bool RemovedNodes::connected(const std::string& id, const Hello& hello) {
  NodeRecord* record = nodes_.removed(id);
  if (record == nullptr) return false;
  LeaveRecord& leave = record->leave;
  if (hello.report && leave.reset_serial != 0 && hello.report->reset_serial >= leave.reset_serial)
    leave.reset_done = true;
  if (leave.reset_done) {
    out_.save(*record);
    out_.send(Disconnect{id});
    return true;
  }
  const std::uint64_t serial = ++record->serial;
  if (leave.reset_serial == 0) leave.reset_serial = serial;
  out_.save(*record);
  out_.send(SendReset{id, serial, 0, "the node was removed"});
  return true;
}

bool RemovedNodes::reported(const std::string& id, const Report& report) {
  NodeRecord* record = nodes_.removed(id);
  if (record == nullptr) return false;
  LeaveRecord& leave = record->leave;
  if (leave.reset_done || leave.reset_serial == 0) return true;
  if (report.reset_serial < leave.reset_serial) return true;
  leave.reset_done = true;
  out_.save(*record);
  // Between the node's return and the reset its kubelet may have registered the node again.
  const Node* worker = control_planes_.reachable();
  const bool owned = record->name_bound && names_.holder(record->name) == nullptr;
  if (worker != nullptr && owned)
    out_.send(RequestUnregister{worker->record.id, 0, record->name, {}, 0});
  out_.send(Disconnect{id});
  return true;
}

}  // namespace kagent::coordinator
