#include "agent/noded/vault/vault.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/trust/envelope.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/vault/contents.hpp"

#include <google/protobuf/util/time_util.h>

namespace kagent::noded {
namespace {

constexpr char kubeconfig_file[] = "kubeconfig-order";
constexpr char upload_file[] = "upload-order";
constexpr char etcd_member_file[] = "etcd-member-order";
constexpr char reset_file[] = "reset";
constexpr char reset_done_file[] = "reset-done";
constexpr char record_file[] = "serials";
constexpr char assignment_file[] = "assignment";
constexpr char grant_file[] = "join-grant";

std::string kind_of(const v1::EnvelopePayload& payload) {
  switch (payload.body_case()) {
    case v1::EnvelopePayload::kAssignment: return "assignment";
    case v1::EnvelopePayload::kJoinGrant: return "join-grant";
    case v1::EnvelopePayload::kReset: return "reset";
    case v1::EnvelopePayload::kKubeconfig: return "kubeconfig";
    case v1::EnvelopePayload::kUpload: return "upload";
    case v1::EnvelopePayload::kEtcdMember: return "etcd-member";
    case v1::EnvelopePayload::BODY_NOT_SET: break;
  }
  return {};
}

// The entry in the record of serials for orders of this kind that were taken.
std::string taken_key(const std::string& kind) {
  return kind + "-taken";
}

std::optional<v1::EnvelopePayload> load_payload(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return {};
  v1::EnvelopePayload payload;
  if (!payload.ParseFromString(*bytes)) {
    log::warning("{} is damaged; waiting for a new one", path.string());
    return {};
  }
  return payload;
}

}  // namespace

Vault::Vault(std::filesystem::path state, std::filesystem::path run)
    : state_(std::move(state)), run_(std::move(run)), serials_(state_ / record_file) {}

Result<Accepted> Vault::submit(std::string_view serialised, const Trust& trust,
                               std::chrono::system_clock::time_point now) {
  auto record = serials_.load();
  if (!record) return record.error();
  const std::string hash = pki::sha256_hex(serialised);

  EnvelopeExpectation expected;
  expected.ca_sha256 = trust.ca_sha256;
  expected.node_id = trust.node_id;
  expected.cluster_id = record->cluster_id;
  expected.after_serial = record->serial;
  expected.now = now;
  for (const auto& [kind, seen] : record->kinds)
    if (seen.sha256 == hash) expected.after_serial = seen.serial - 1;

  auto payload = open_envelope(serialised, expected);
  if (!payload) return payload.error();
  const std::string kind = kind_of(*payload);
  if (kind.empty())
    return Error{Errc::invalid_argument, "this version does not know the kind of this envelope"};
  if (auto good = check_contents(*payload); !good) return good.error();

  // Save the serial first. If we crash before the payload is kept, the same envelope is still
  // accepted by its hash.
  if (payload->serial() > record->serial) {
    record->cluster_id = payload->cluster_id();
    record->serial = payload->serial();
    record->kinds[kind] = Serials::Seen{payload->serial(), hash};
    if (auto saved = serials_.save(*record); !saved) return saved.error();
  }
  // An order that was taken is not kept again, so it is carried out only once.
  const auto taken = record->kinds.find(taken_key(kind));
  if (taken == record->kinds.end() || taken->second.serial < payload->serial())
    if (auto kept = keep(*payload); !kept) return kept.error();
  return Accepted{kind, payload->serial()};
}

std::optional<v1::EnvelopePayload> Vault::valid_assignment() const {
  auto payload = load_payload(state_ / assignment_file);
  if (!payload || !payload->has_assignment() || payload->serial() <= reset().serial) return {};
  return payload;
}

std::optional<v1::Assignment> Vault::assignment() const {
  const auto payload = valid_assignment();
  if (!payload) return {};
  return payload->assignment();
}

std::uint64_t Vault::assignment_serial() const {
  const auto payload = valid_assignment();
  return payload ? payload->serial() : 0;
}

std::optional<v1::ClusterConfig> Vault::last_cluster_config() const {
  const auto payload = load_payload(state_ / assignment_file);
  if (!payload || !payload->has_assignment()) return {};
  return payload->assignment().cluster_config();
}

Vault::Reset Vault::reset() const {
  const auto payload = load_payload(state_ / reset_file);
  if (!payload || !payload->has_reset()) return {};
  Reset reset;
  reset.serial = payload->serial();
  reset.reason = payload->reset().reason();
  const auto done = read_file(state_ / reset_done_file);
  reset.done = done && *done == std::to_string(reset.serial) + "\n";
  return reset;
}

bool Vault::keeps(const std::string& name) {
  return name == record_file || name == assignment_file || name == reset_file ||
         name == reset_done_file;
}

std::optional<v1::JoinGrant> Vault::grant(std::chrono::system_clock::time_point now) const {
  auto payload = load_payload(run_ / grant_file);
  if (!payload || !payload->has_join_grant()) return {};
  const auto seconds = google::protobuf::util::TimeUtil::TimestampToSeconds(
      payload->join_grant().token_expires_at());
  if (now >= std::chrono::system_clock::from_time_t(seconds)) return {};
  return payload->join_grant();
}

Result<v1::KubeconfigOrder> Vault::take_kubeconfig_order() {
  const auto payload = take(kubeconfig_file);
  if (!payload) return payload.error();
  if (!payload->has_kubeconfig())
    return Error{Errc::not_found, "the coordinator has ordered no kubeconfig"};
  return payload->kubeconfig();
}

Result<v1::UploadOrder> Vault::take_upload_order() {
  const auto payload = take(upload_file);
  if (!payload) return payload.error();
  if (!payload->has_upload())
    return Error{Errc::not_found, "the coordinator has ordered no upload of certificates"};
  return payload->upload();
}

Result<v1::EtcdMemberOrder> Vault::take_etcd_member_order() {
  const auto payload = take(etcd_member_file);
  if (!payload) return payload.error();
  if (!payload->has_etcd_member())
    return Error{Errc::not_found, "the coordinator has ordered no etcd member to be taken out"};
  return payload->etcd_member();
}

// Records the order as taken before it is returned. Returns an empty payload if there is no order.
Result<v1::EnvelopePayload> Vault::take(const char* file) {
  auto payload = load_payload(run_ / file);
  if (!payload) return v1::EnvelopePayload();
  auto record = serials_.load();
  if (!record) return record.error();
  record->kinds[taken_key(kind_of(*payload))] = Serials::Seen{payload->serial(), "-"};
  if (auto saved = serials_.save(*record); !saved) return saved.error();
  if (auto removed = remove_file(run_ / file); !removed) return removed.error();
  return std::move(*payload);
}

Result<> Vault::drop_grant() {
  return remove_file(run_ / grant_file);
}

Result<> Vault::keep(const v1::EnvelopePayload& payload) const {
  if (payload.has_assignment())
    return write_file_atomic(state_ / assignment_file, payload.SerializeAsString(), 0600);
  if (payload.has_join_grant())
    return write_file_atomic(run_ / grant_file, payload.SerializeAsString(), 0600);
  if (payload.has_reset()) {
    if (auto dropped = remove_file(run_ / grant_file); !dropped) return dropped;
    return write_file_atomic(state_ / reset_file, payload.SerializeAsString(), 0600);
  }
  if (payload.has_kubeconfig())
    return write_file_atomic(run_ / kubeconfig_file, payload.SerializeAsString(), 0600);
  if (payload.has_upload())
    return write_file_atomic(run_ / upload_file, payload.SerializeAsString(), 0600);
  if (payload.has_etcd_member())
    return write_file_atomic(run_ / etcd_member_file, payload.SerializeAsString(), 0600);
  return {};
}

}  // namespace kagent::noded
