#pragma once

#include "coordinator/registry/actions.hpp"
#include "coordinator/registry/model.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace kagent::coordinator {

// Collects the actions of the classes in this folder until the coordinator takes them.
class Outbox {
 public:
  void write(Write write) { actions_.writes.push_back(std::move(write)); }
  void send(Send send) { actions_.sends.push_back(std::move(send)); }

  void save(const NodeRecord& record) { write(SaveNode{record}); }
  // The serial of the next order to that node, on disk before the order is sent.
  std::uint64_t take_serial(NodeRecord& record) {
    ++record.serial;
    save(record);
    return record.serial;
  }
  void changed(const std::string& node) { send(Changed{node}); }

  [[nodiscard]] Actions take() { return std::exchange(actions_, {}); }

 private:
  Actions actions_;
};

}  // namespace kagent::coordinator
