#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/envelope.pb.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kagent::noded {

// Who may give orders, as user-data (never kagentd) says.
struct Trust {
  std::string ca_sha256;
  std::string node_id;
};

struct Accepted {
  std::string kind;  // "assignment", "join-grant", "reset", "kubeconfig", "upload",
                     // "etcd-member"
  std::uint64_t serial = 0;
};

// The coordinator's orders: each verified, its serial remembered on disk, then kept. Assignments
// are kept in `state`, grants (secret) in `run`, which a reboot empties; both folders are root's,
// 0700.
class Vault {
 public:
  Vault(std::filesystem::path state, std::filesystem::path run);

  // `serialised`: a v1::SignedEnvelope. The one accepted last of its kind is accepted again; what
  // is carried out once is not there again for that. Errors: permission_denied (with the check that
  // failed), invalid_argument, data_loss (the record of serials is damaged: nothing is accepted
  // until it is removed), io, resource_exhausted.
  Result<Accepted> submit(std::string_view serialised, const Trust& trust,
                          std::chrono::system_clock::time_point now);

  // Nothing while it is older than the last ResetOrder.
  [[nodiscard]] std::optional<v1::Assignment> assignment() const;
  [[nodiscard]] std::uint64_t assignment_serial() const;
  // Of the last assignment, a reset notwithstanding.
  [[nodiscard]] std::optional<v1::ClusterConfig> last_cluster_config() const;
  struct Reset {
    std::uint64_t serial = 0;  // of the last ResetOrder, 0: none
    bool done = false;         // carried out
    std::string reason;
  };
  [[nodiscard]] Reset reset() const;
  // A file of our state folder that a reset leaves there.
  static bool keeps(const std::string& name);
  // Nothing once its token has expired.
  [[nodiscard]] std::optional<v1::JoinGrant> grant(std::chrono::system_clock::time_point now) const;
  // The order to sign an administrator's certificate, once: it is gone then.
  Result<v1::KubeconfigOrder> take_kubeconfig_order();
  // The order to upload the cluster's certificates, once.
  Result<v1::UploadOrder> take_upload_order();
  // The order to take an etcd member out, once.
  Result<v1::EtcdMemberOrder> take_etcd_member_order();
  // A grant that the cluster refused: only a newer one is of use.
  Result<> drop_grant();

 private:
  struct Seen {
    std::uint64_t serial = 0;
    std::string sha256;  // of the serialised envelope; "-": of an order that was taken
  };
  struct Record {
    std::string cluster_id;
    std::uint64_t serial = 0;
    std::map<std::string, Seen> kinds;
  };

  [[nodiscard]] std::optional<v1::EnvelopePayload> valid_assignment() const;
  [[nodiscard]] Result<Record> load() const;
  [[nodiscard]] Result<> save(const Record& record) const;
  Result<v1::EnvelopePayload> take(const char* file);
  [[nodiscard]] Result<> keep(const v1::EnvelopePayload& payload) const;

  std::filesystem::path state_;
  std::filesystem::path run_;
};

}  // namespace kagent::noded
