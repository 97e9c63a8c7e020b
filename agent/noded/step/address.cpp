#include "agent/noded/step/address.hpp"

#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/files.hpp"

namespace kagent::noded {
namespace {

// PID 1's view: noded runs in a network namespace of its own that has no routes.
constexpr char route_table[] = "/proc/1/net/route";
constexpr char fib_trie[] = "/proc/1/net/fib_trie";

}  // namespace

std::string given_address(const Context& context) {
  if (!context.node.node_ip().empty()) return context.node.node_ip();
  return machine::only_address(text_of(context, route_table), text_of(context, fib_trie));
}

std::string own_address(const Context& context) {
  const auto given = given_address(context);
  if (!given.empty()) return given;
  return machine::default_address(text_of(context, route_table), text_of(context, fib_trie));
}

}  // namespace kagent::noded
