#include "coordinator/store/sqlite_nodes.hpp"

#include "coordinator/store/sqlite_values.hpp"

namespace kagent::coordinator::sqlite {
namespace {

NodeRecord read_node(const sqlite::Statement& row) {
  NodeRecord node;
  node.id = row.text(0);
  node.key_sha256 = row.text(1);
  node.order = unsigned_of(row.number(2));
  node.name = row.text(3);
  node.wanted = static_cast<WantedRole>(row.number(4));
  node.role = static_cast<Role>(row.number(5));
  node.serial = unsigned_of(row.number(6));
  node.assignment_serial = unsigned_of(row.number(7));
  node.assignment_digest = row.text(8);
  node.reset_fence = unsigned_of(row.number(9));
  node.reset_serial = unsigned_of(row.number(10));
  node.init_failed = row.number(11) != 0;
  node.joined = row.number(12) != 0;
  node.was_ready = row.number(13) != 0;
  node.enrolled_at = from_ms(row.number(14));
  node.last_seen_at = from_ms(row.number(15));
  LeaveRecord& leave = node.leave;
  leave.stage = static_cast<LeaveStage>(row.number(17));
  leave.remove = row.number(18) != 0;
  leave.force = row.number(19) != 0;
  leave.rejoin = row.number(20) != 0;
  leave.reset_serial = unsigned_of(row.number(21));
  leave.reset_done = row.number(22) != 0;
  leave.drain_until = from_ms(row.number(23));
  leave.problem = row.text(24);
  node.barred_key = row.text(25);
  node.role_fixed = row.number(26) != 0;
  node.name_bound = row.number(27) != 0;
  return node;
}

}  // namespace

Result<std::vector<StoredNode>> NodeTable::read() {
  std::vector<StoredNode> found;
  auto nodes = database_.prepare(
      "SELECT id, key_sha256, enrol_order, name, wanted, role, serial, assignment_serial, "
      "assignment_digest, reset_fence, reset_serial, init_failed, joined, was_ready, "
      "enrolled_at_ms, last_seen_at_ms, report, leave_stage, leave_remove, leave_force, "
      "leave_rejoin, leave_reset_serial, leave_reset_done, leave_drain_until_ms, leave_problem, "
      "barred_key, role_fixed, name_bound "
      "FROM nodes ORDER BY enrol_order");
  if (!nodes) return nodes.error();
  for (;;) {
    auto row = nodes->step();
    if (!row) return row.error();
    if (!*row) return found;
    found.push_back({read_node(*nodes), nodes->text(16)});
  }
}

Result<int> NodeTable::insert(const NodeRecord& record) {
  auto insert = database_.prepare(
      "INSERT INTO nodes (id, key_sha256, enrol_order, name, wanted, role, serial, "
      "assignment_serial, assignment_digest, reset_fence, reset_serial, init_failed, joined, "
      "was_ready, enrolled_at_ms, last_seen_at_ms, role_fixed) "
      "VALUES (?,?,?,?,?,0,0,0,'',0,0,0,0,0,?,?,?) "
      "ON CONFLICT (id) DO NOTHING");
  if (!insert) return insert.error();
  return insert->bind(record.id)
      .bind(record.key_sha256)
      .bind(signed_of(record.order))
      .bind(record.name)
      .bind(static_cast<std::int64_t>(record.wanted))
      .bind(to_ms(record.enrolled_at))
      .bind(to_ms(record.last_seen_at))
      .bind(static_cast<std::int64_t>(record.role_fixed))
      .execute();
}

Result<> NodeTable::bind(const NodeRecord& record) {
  auto inserted = insert(record);
  if (!inserted) return inserted.error();
  if (*inserted == 1) return {};
  auto bound = database_.prepare("SELECT key_sha256 FROM nodes WHERE id = ?");
  if (!bound) return bound.error();
  if (auto row = bound->bind(record.id).step(); !row) return row.error();
  if (bound->text(0) == record.key_sha256) return {};
  return Error(Errc::already_exists, "node " + record.id + " is bound to another key");
}

Result<> NodeTable::rebind(const NodeRecord& record, const std::string& from) {
  auto update =
      database_.prepare("UPDATE nodes SET key_sha256=?, barred_key=? WHERE id=? AND key_sha256=?");
  if (!update) return update.error();
  auto changed =
      update->bind(record.key_sha256).bind(record.barred_key).bind(record.id).bind(from).execute();
  if (!changed) return changed.error();
  if (*changed == 1) return {};
  return Error(Errc::failed_precondition, "node " + record.id + " is bound to another key");
}

Result<int> NodeTable::update(const NodeRecord& record) {
  auto update = database_.prepare(
      "UPDATE nodes SET name=?, wanted=?, role=?, serial=?, assignment_serial=?, "
      "assignment_digest=?, reset_fence=?, reset_serial=?, init_failed=?, joined=?, was_ready=?, "
      "last_seen_at_ms=?, leave_stage=?, leave_remove=?, leave_force=?, leave_rejoin=?, "
      "leave_reset_serial=?, leave_reset_done=?, leave_drain_until_ms=?, leave_problem=?, "
      "role_fixed=?, name_bound=? "
      "WHERE id=? AND key_sha256=? AND serial<=?");
  if (!update) return update.error();
  return update->bind(record.name)
      .bind(static_cast<std::int64_t>(record.wanted))
      .bind(static_cast<std::int64_t>(record.role))
      .bind(signed_of(record.serial))
      .bind(signed_of(record.assignment_serial))
      .bind(record.assignment_digest)
      .bind(signed_of(record.reset_fence))
      .bind(signed_of(record.reset_serial))
      .bind(static_cast<std::int64_t>(record.init_failed))
      .bind(static_cast<std::int64_t>(record.joined))
      .bind(static_cast<std::int64_t>(record.was_ready))
      .bind(to_ms(record.last_seen_at))
      .bind(static_cast<std::int64_t>(record.leave.stage))
      .bind(static_cast<std::int64_t>(record.leave.remove))
      .bind(static_cast<std::int64_t>(record.leave.force))
      .bind(static_cast<std::int64_t>(record.leave.rejoin))
      .bind(signed_of(record.leave.reset_serial))
      .bind(static_cast<std::int64_t>(record.leave.reset_done))
      .bind(to_ms(record.leave.drain_until))
      .bind(record.leave.problem)
      .bind(static_cast<std::int64_t>(record.role_fixed))
      .bind(static_cast<std::int64_t>(record.name_bound))
      .bind(record.id)
      .bind(record.key_sha256)
      .bind(signed_of(record.serial))
      .execute();
}

Result<> NodeTable::save(const NodeRecord& record) {
  const auto changed = update(record);
  if (!changed) return changed.error();
  if (*changed == 1) return {};
  auto known = database_.prepare("SELECT serial FROM nodes WHERE id=? AND key_sha256=?");
  if (!known) return known.error();
  auto row = known->bind(record.id).bind(record.key_sha256).step();
  if (!row) return row.error();
  if (!*row) return Error(Errc::not_found, "node " + record.id + " is not bound to this key");
  return Error(Errc::failed_precondition,
               "node " + record.id + " has a higher serial in the store");
}

Result<> NodeTable::save_reports(const std::vector<ReportRecord>& reports) {
  auto update = database_.prepare("UPDATE nodes SET report=? WHERE id=?");
  if (!update) return update.error();
  for (const ReportRecord& report : reports) {
    auto changed = update->bind_blob(report.bytes).bind(report.node_id).execute();
    if (!changed) return changed.error();
    if (*changed != 1) return Error(Errc::not_found, "node " + report.node_id + " is not bound");
  }
  return {};
}

}  // namespace kagent::coordinator::sqlite
