#pragma once

#include "coordinator/admission/peer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace kagent::coordinator {

// The running `kagentctl status -w` calls.
class Watchers {
 public:
  void add(std::shared_ptr<Watcher> watcher) { watchers_.push_back(std::move(watcher)); }
  void remove(const Watcher* watcher) {
    std::erase_if(watchers_, [&](const auto& held) { return held.get() == watcher; });
  }
  void changed(const std::string& node_id) const {
    for (const auto& watcher : watchers_) watcher->changed(node_id);
  }
  void close_all(const Error& why) const {
    for (const auto& watcher : watchers_) watcher->close(why);
  }

 private:
  std::vector<std::shared_ptr<Watcher>> watchers_;
};

}  // namespace kagent::coordinator
