#include "agent/kagentd/sequence/looks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kagent::kagentd {
namespace {

using namespace std::chrono_literals;

// A step that is undone more often is undone on purpose, or by another program.
constexpr std::size_t most_repairs = 5;
constexpr auto of_late = 10min;
// A restart takes a moment, and an editor writes more than once.
constexpr auto settling = 2s;

}  // namespace

void Looks::restart() {
  under_way_ = false;
  repairs_given_up_ = false;
  due_.reset();
}

void Looks::schedule(Time at) {
  if (!under_way_ && !due_) due_ = at;
}

void Looks::hasten(Time now) {
  if (due_) due_ = std::min(*due_, now + settling);
}

void Looks::begin() {
  due_.reset();
  under_way_ = true;
}

bool Looks::repair(Time now) {
  std::erase_if(repairs_, [&](Time at) { return at + of_late <= now; });
  if (repairs_.size() >= most_repairs) return false;
  repairs_.push_back(now);
  return true;
}

Failure undone_again(const std::string& step, const std::string& changes) {
  Failure failure;
  failure.id = CauseId(step, "undone-again");
  failure.message = fmt::format("it was repaired {} times in {} minutes, and is undone again: {}",
                                most_repairs, of_late.count(), changes);
  failure.remedy = fmt::format(
      "Find out who changes it; `watch: {{steps: {{{}: report}}}}` in the ClusterConfig leaves it "
      "alone.",
      step);
  return failure;
}

}  // namespace kagent::kagentd
