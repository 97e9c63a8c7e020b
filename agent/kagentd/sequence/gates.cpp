#include "agent/kagentd/sequence/gates.hpp"

namespace kagent::kagentd {

std::string waiting_for(plan::Gate gate) {
  switch (gate) {
    case plan::Gate::none: return "waits for something on this node";
    case plan::Gate::assignment: return "waits for the coordinator's assignment";
    case plan::Gate::init_lease: return "waits for the coordinator's leave to run init";
    case plan::Gate::join_grant: return "waits for its join grant";
  }
  return {};
}

}  // namespace kagent::kagentd
