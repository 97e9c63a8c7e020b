#pragma once

#include "agent/kagentd/kubernetes/follow.hpp"
#include "kagent/v1/report.pb.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::kubernetes {

// All Nodes of a cluster, kept up to date by lists and watch events. Pure.
class NodeTable final : public Followed {
 public:
  Result<> list(std::string_view json) override;
  Result<> event(std::string_view json) override;
  [[nodiscard]] const std::string& resource_version() const override { return resource_version_; }

  [[nodiscard]] std::vector<v1::KubernetesNode> nodes() const;  // by name
  // True once after each change of a field that kagent shows.
  bool take_changed() { return std::exchange(changed_, false); }

 private:
  void set(v1::KubernetesNode node);

  std::map<std::string, v1::KubernetesNode> nodes_;
  std::string resource_version_;
  bool changed_ = true;
};

// Runs until cancelled. `changed` gets all Nodes after each change.
boost::asio::awaitable<void> watch_nodes(
    std::shared_ptr<Client> client, std::function<void(std::vector<v1::KubernetesNode>)> changed);

}  // namespace kagent::kubernetes
