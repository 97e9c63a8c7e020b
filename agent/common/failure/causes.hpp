#pragma once

#include <span>
#include <string>
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

// Where more is to be read of a failed command whose message names its unit in parentheses:
// "kubeadm (kagent-init.service): exit status 1"; without one in kagent-noded's journal.
std::string journal_remedy(std::string_view message);

}  // namespace kagent
