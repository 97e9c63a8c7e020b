#include "coordinator/store/stored.hpp"

#include <chrono>

namespace kagent::coordinator::stored {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

std::int64_t to_ms(system_clock::time_point at) {
  return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

system_clock::time_point from_ms(std::int64_t ms) {
  return system_clock::time_point(milliseconds(ms));
}

Error damaged(std::string_view what) {
  return {Errc::data_loss, "a record of " + std::string(what) + " is damaged"};
}

v1::StoredLeave message_of(const LeaveRecord& leave) {
  v1::StoredLeave message;
  message.set_stage(static_cast<std::uint32_t>(leave.stage));
  message.set_remove(leave.remove);
  message.set_force(leave.force);
  message.set_rejoin(leave.rejoin);
  message.set_reset_serial(leave.reset_serial);
  message.set_reset_done(leave.reset_done);
  message.set_drain_until_ms(to_ms(leave.drain_until));
  message.set_problem(leave.problem);
  return message;
}

LeaveRecord leave_of(const v1::StoredLeave& message) {
  LeaveRecord leave;
  leave.stage = static_cast<LeaveStage>(message.stage());
  leave.remove = message.remove();
  leave.force = message.force();
  leave.rejoin = message.rejoin();
  leave.reset_serial = message.reset_serial();
  leave.reset_done = message.reset_done();
  leave.drain_until = from_ms(message.drain_until_ms());
  leave.problem = message.problem();
  return leave;
}

}  // namespace

std::string bytes_of(const NodeRecord& node) {
  v1::StoredNode message;
  message.set_id(node.id);
  message.set_key_sha256(node.key_sha256);
  message.set_barred_key(node.barred_key);
  message.set_order(node.order);
  message.set_name(node.name);
  message.set_name_bound(node.name_bound);
  message.set_wanted(static_cast<std::uint32_t>(node.wanted));
  message.set_role_fixed(node.role_fixed);
  message.set_role(static_cast<std::uint32_t>(node.role));
  message.set_serial(node.serial);
  message.set_assignment_serial(node.assignment_serial);
  message.set_assignment_digest(node.assignment_digest);
  message.set_reset_fence(node.reset_fence);
  message.set_reset_serial(node.reset_serial);
  message.set_init_failed(node.init_failed);
  message.set_joined(node.joined);
  message.set_was_ready(node.was_ready);
  message.set_enrolled_at_ms(to_ms(node.enrolled_at));
  message.set_last_seen_at_ms(to_ms(node.last_seen_at));
  *message.mutable_leave() = message_of(node.leave);
  return message.SerializeAsString();
}

Result<NodeRecord> node_of(const std::string& bytes) {
  v1::StoredNode message;
  if (!message.ParseFromString(bytes) || message.id().empty()) return damaged("a node");
  if (message.wanted() > static_cast<std::uint32_t>(WantedRole::worker) ||
      message.role() > static_cast<std::uint32_t>(Role::worker) ||
      message.leave().stage() > static_cast<std::uint32_t>(LeaveStage::left))
    return damaged("node " + message.id());
  NodeRecord node;
  node.id = message.id();
  node.key_sha256 = message.key_sha256();
  node.barred_key = message.barred_key();
  node.order = message.order();
  node.name = message.name();
  node.name_bound = message.name_bound();
  node.wanted = static_cast<WantedRole>(message.wanted());
  node.role_fixed = message.role_fixed();
  node.role = static_cast<Role>(message.role());
  node.serial = message.serial();
  node.assignment_serial = message.assignment_serial();
  node.assignment_digest = message.assignment_digest();
  node.reset_fence = message.reset_fence();
  node.reset_serial = message.reset_serial();
  node.init_failed = message.init_failed();
  node.joined = message.joined();
  node.was_ready = message.was_ready();
  node.enrolled_at = from_ms(message.enrolled_at_ms());
  node.last_seen_at = from_ms(message.last_seen_at_ms());
  node.leave = leave_of(message.leave());
  return node;
}

std::string bytes_of(const TokenRecord& token) {
  v1::StoredToken message;
  message.set_id(token.id);
  message.set_sha256(token.sha256);
  message.set_role(static_cast<std::uint32_t>(token.role));
  if (token.uses_left) message.set_uses_left(*token.uses_left);
  message.set_created_at_ms(to_ms(token.created_at));
  message.set_expires_at_ms(to_ms(token.expires_at));
  message.set_created_by(token.created_by);
  return message.SerializeAsString();
}

Result<TokenRecord> token_of(const std::string& bytes) {
  v1::StoredToken message;
  if (!message.ParseFromString(bytes) || message.id().empty() ||
      message.role() > static_cast<std::uint32_t>(WantedRole::worker))
    return damaged("an enrolment token");
  TokenRecord token;
  token.id = message.id();
  token.sha256 = message.sha256();
  token.role = static_cast<WantedRole>(message.role());
  if (message.has_uses_left()) token.uses_left = message.uses_left();
  token.created_at = from_ms(message.created_at_ms());
  token.expires_at = from_ms(message.expires_at_ms());
  token.created_by = message.created_by();
  return token;
}

std::string bytes_of(const std::vector<std::string>& token_hashes) {
  v1::StoredTokenHashes message;
  for (const std::string& hash : token_hashes) message.add_sha256(hash);
  return message.SerializeAsString();
}

Result<std::vector<std::string>> token_hashes_of(const std::string& bytes) {
  v1::StoredTokenHashes message;
  if (!message.ParseFromString(bytes)) return damaged("user-data's tokens");
  return std::vector<std::string>(message.sha256().begin(), message.sha256().end());
}

Result<v1::StoredCluster> cluster_of(const std::string& bytes) {
  v1::StoredCluster message;
  if (!message.ParseFromString(bytes) || message.format() == 0 || message.cluster_id().empty())
    return damaged("the cluster");
  if (message.format() > format)
    return Error(Errc::data_loss,
                 "it was written by a newer version of kagent-coordinator (format " +
                     std::to_string(message.format()) + ")");
  return message;
}

}  // namespace kagent::coordinator::stored
