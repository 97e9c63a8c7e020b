#pragma once

#include <span>
#include <string_view>

namespace kagent {

// A way in which a node is known to fail. A `*` in an id stands for any step or program.
struct KnownCause {
  std::string_view id;  // "<step>.<what>"
  std::string_view meaning;
  std::string_view remedy;
};

// Every cause that agent/ raises, sorted by id.
std::span<const KnownCause> known_causes();

// The row of an id as status shows it ("init.disk-full" is in "*.disk-full"); nullptr: none.
const KnownCause* find_cause(std::string_view id);

}  // namespace kagent
