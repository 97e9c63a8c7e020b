#pragma once

#include "coordinator/registry/actions.hpp"
#include "coordinator/registry/model.hpp"

#include <string>
#include <utility>

namespace kagent::coordinator {

// Collects the actions of the classes in this folder until the coordinator takes them.
class Outbox {
 public:
  void write(Write write) { actions_.writes.push_back(std::move(write)); }
  void send(Send send) { actions_.sends.push_back(std::move(send)); }

  void save(const NodeRecord& record) { write(SaveNode{record}); }
  void changed(const std::string& node) { send(Changed{node}); }

  [[nodiscard]] Actions take() { return std::exchange(actions_, {}); }

 private:
  Actions actions_;
};

}  // namespace kagent::coordinator
