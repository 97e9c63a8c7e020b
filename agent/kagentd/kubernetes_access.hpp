#pragma once

#include "agent/common/base/event.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/kubernetes/certificate_requests.hpp"
#include "agent/kagentd/kubernetes/client.hpp"
#include "agent/kagentd/session/link.hpp"
#include "agent/kagentd/untold.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kagent::kagentd {

// The Kubernetes API of the cluster that this control plane is in: found by the kubeconfig that
// noded writes, watched, and left. Tells the coordinator about Nodes and certificate requests.
class KubernetesAccess {
 public:
  // `signing`: from now on the cluster signs the certificate of a node that has a token.
  KubernetesAccess(boost::asio::io_context& io, Tasks& tasks, Link& link,
                   std::filesystem::path kubeconfig, std::function<void()> signing);

  // Reads the kubeconfig again, since another init leads to another API server.
  void look();
  // Nothing learned of this cluster is valid for the next one.
  void leave();
  // A new session has begun: sends what the coordinator does not know yet.
  void connected();

  // Null before there is access.
  [[nodiscard]] const std::shared_ptr<kubernetes::Client>& client() const { return client_; }
  [[nodiscard]] bool may_mint() const { return may_mint_; }

 private:
  boost::asio::awaitable<void> watch(std::shared_ptr<kubernetes::Client> client,
                                     std::shared_ptr<Event> left);
  void stop_watching();
  void send_nodes();
  void send_verdict(const kubernetes::Verdict& verdict);

  boost::asio::io_context& io_;
  Tasks& tasks_;
  Link& link_;
  std::filesystem::path file_;
  std::function<void()> signing_;
  std::string kubeconfig_;  // of client_
  std::shared_ptr<kubernetes::Client> client_;
  std::shared_ptr<Event> left_;  // ends the watch of client_
  bool may_mint_ = false;
  std::vector<v1::KubernetesNode> nodes_;
  Untold verdicts_;
};

}  // namespace kagent::kagentd
