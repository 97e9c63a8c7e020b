#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/store/etcd.hpp"
#include "coordinator/store/etcd_space.hpp"
#include "coordinator/store/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kagent::coordinator {

// A store below PREFIX/ in etcd, for one writer: the holder of `fence`. Made with `cluster_id` if
// there is none. `lost` is called when another coordinator has become the leader; nothing can be
// written from then on. Errors: data_loss (damaged, of another cluster, of a newer version: the
// store is never reset), unavailable, deadline_exceeded.
Result<std::unique_ptr<Store>> open_etcd_store(std::shared_ptr<etcd::Client> client,
                                               const std::string& prefix,
                                               const std::string& cluster_id, etcd::Fence fence,
                                               std::function<void(const Error&)> lost);

// Whose store it is; the caller need not be its writer.
struct StoreOwner {
  std::string cluster_id;
  std::string ca_sha256;      // empty: not known yet
  std::int64_t revision = 0;  // of that whole etcd; it only grows
};
// nullopt: there is no store. Errors: as above.
Result<std::optional<StoreOwner>> owner_of_etcd_store(etcd::Client& client,
                                                      const std::string& prefix);

}  // namespace kagent::coordinator
