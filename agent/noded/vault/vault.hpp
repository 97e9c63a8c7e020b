#pragma once

#include "agent/common/base/error.hpp"
#include "agent/noded/vault/serials.hpp"
#include "kagent/v1/envelope.pb.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kagent::noded {

// The vault accepts orders only under this CA and for this node. Both values come from user-data,
// never from kagentd.
struct Trust {
  std::string ca_sha256;
  std::string node_id;
};

struct Accepted {
  std::string kind;  // "assignment", "join-grant", "reset", "kubeconfig", "upload",
                     // "etcd-member"
  std::uint64_t serial = 0;
};

// Verifies the coordinator's orders, records their serials on disk, and keeps the orders.
// Assignments are kept in `state`; grants and orders that are done once, in `run`, which a reboot
// empties. Both folders must be root's, 0700.
class Vault {
 public:
  Vault(std::filesystem::path state, std::filesystem::path run);

  // `serialised`: a v1::SignedEnvelope. The last envelope of a kind is accepted again, but an order
  // that was taken is not kept a second time. Errors: permission_denied (with the check that
  // failed), invalid_argument, data_loss (the record of serials is damaged; nothing is accepted
  // until it is removed), io, resource_exhausted.
  Result<Accepted> submit(std::string_view serialised, const Trust& trust,
                          std::chrono::system_clock::time_point now);

  // Nothing if the assignment is older than the last ResetOrder.
  [[nodiscard]] std::optional<v1::Assignment> assignment() const;
  [[nodiscard]] std::uint64_t assignment_serial() const;
  // From the last assignment, even if a reset came after it.
  [[nodiscard]] std::optional<v1::ClusterConfig> last_cluster_config() const;
  struct Reset {
    std::uint64_t serial = 0;  // of the last ResetOrder; 0 if there is none
    bool done = false;         // carried out
    std::string reason;
  };
  [[nodiscard]] Reset reset() const;
  // Whether a reset leaves this file in the state folder.
  static bool keeps(const std::string& name);
  // Nothing after the grant's token has expired.
  [[nodiscard]] std::optional<v1::JoinGrant> grant(std::chrono::system_clock::time_point now) const;
  // The order to sign an administrator's certificate. Each take_ function removes the order, so
  // that it is carried out once. Errors: not_found (no order), data_loss, io.
  Result<v1::KubeconfigOrder> take_kubeconfig_order();
  // The order to upload the cluster's certificates.
  Result<v1::UploadOrder> take_upload_order();
  // The order to remove an etcd member.
  Result<v1::EtcdMemberOrder> take_etcd_member_order();
  // Removes a grant that the cluster refused or that was spent.
  Result<> drop_grant();

 private:
  [[nodiscard]] std::optional<v1::EnvelopePayload> valid_assignment() const;
  Result<v1::EnvelopePayload> take(const char* file);
  [[nodiscard]] Result<> keep(const v1::EnvelopePayload& payload) const;

  std::filesystem::path state_;
  std::filesystem::path run_;
  SerialsFile serials_;
};

}  // namespace kagent::noded
