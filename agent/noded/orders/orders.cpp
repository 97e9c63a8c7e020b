#include "agent/noded/orders/orders.hpp"

#include "agent/common/base/log.hpp"
#include "agent/noded/cluster/etcd_member.hpp"
#include "agent/noded/kubeadm/upload_certificates.hpp"
#include "agent/noded/step/context.hpp"

namespace kagent::noded {
namespace asio = boost::asio;

asio::awaitable<Result<std::string>> upload_as_ordered(Vault& vault, Systemd systemd) {
  const auto order = vault.take_upload_order();
  if (!order) co_return order.error();
  auto context = read_context(std::move(systemd), vault);
  if (!context) co_return context.error();
  ContextPtr fixed = std::move(*context);
  log::info("the cluster's certificates go up for {}", order->node_id());
  co_return co_await upload_certificates(std::move(fixed));
}

asio::awaitable<Result<>> remove_member_as_ordered(Vault& vault, Systemd systemd) {
  const auto order = vault.take_etcd_member_order();
  if (!order) co_return order.error();
  auto context = read_context(std::move(systemd), vault);
  if (!context) co_return context.error();
  ContextPtr fixed = std::move(*context);
  v1::EtcdMemberOrder wanted = *order;
  co_return co_await remove_etcd_member(std::move(fixed), std::move(wanted));
}

}  // namespace kagent::noded
