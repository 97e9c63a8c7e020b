#include "coordinator/ctl/render/names.hpp"

#include <algorithm>
#include <cctype>

namespace kagent::ctl::render {
namespace {

// PHASE_NOT_READY with prefix "PHASE_" is "not-ready".
std::string in_words(const std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return "unknown";
  std::string words = name.substr(prefix.size());
  std::ranges::transform(words, words.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(c));
  });
  return words == "unspecified" ? "unknown" : words;
}

}  // namespace

std::string phase_name(v1::Phase phase) {
  return in_words(v1::Phase_Name(phase), "PHASE_");
}

std::optional<v1::Phase> phase_from(std::string_view name) {
  for (int i = v1::Phase_MIN + 1; i <= v1::Phase_MAX; ++i)
    if (v1::Phase_IsValid(i) && phase_name(static_cast<v1::Phase>(i)) == name)
      return static_cast<v1::Phase>(i);
  return std::nullopt;
}

std::vector<std::string> phase_names() {
  std::vector<std::string> names;
  for (int i = v1::Phase_MIN + 1; i <= v1::Phase_MAX; ++i)
    if (v1::Phase_IsValid(i)) names.push_back(phase_name(static_cast<v1::Phase>(i)));
  return names;
}

std::string step_state_name(v1::StepState state) {
  return in_words(v1::StepState_Name(state), "STEP_STATE_");
}

std::string health_name(v1::UnitHealth health) {
  return health == v1::UNIT_HEALTH_UNSPECIFIED
             ? "-"
             : in_words(v1::UnitHealth_Name(health), "UNIT_HEALTH_");
}

Style style_of(v1::Phase phase) {
  switch (phase) {
    case v1::PHASE_READY: return Style::good;
    case v1::PHASE_NOT_READY:
    case v1::PHASE_FAILED:
    case v1::PHASE_LOST: return Style::bad;
    default: return Style::busy;
  }
}

Style style_of(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_DONE: return Style::good;
    case v1::STEP_STATE_FAILED:
    case v1::STEP_STATE_RETRYING: return Style::bad;
    case v1::STEP_STATE_PENDING: return Style::dim;
    default: return Style::busy;
  }
}

Style style_of(v1::UnitHealth health) {
  switch (health) {
    case v1::UNIT_HEALTH_ACTIVE: return Style::good;
    case v1::UNIT_HEALTH_FAILED:
    case v1::UNIT_HEALTH_MISSING: return Style::bad;
    case v1::UNIT_HEALTH_UNSPECIFIED: return Style::dim;
    default: return Style::busy;
  }
}

}  // namespace kagent::ctl::render
