#pragma once

#include "coordinator/ctl/render/text.hpp"
#include "kagent/v1/admin.pb.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The wire's enumerations in words, and the style that each is shown in.
namespace kagent::ctl::render {

std::string phase_name(v1::Phase phase);  // "not-ready"; "unknown" for a newer one
std::optional<v1::Phase> phase_from(std::string_view name);  // nothing: no such phase
std::vector<std::string> phase_names();                      // in the wire's order
std::string step_state_name(v1::StepState state);            // "running"
std::string health_name(v1::UnitHealth health);              // "active"; "-" if not known

Style style_of(v1::Phase phase);
Style style_of(v1::StepState state);
Style style_of(v1::UnitHealth health);

}  // namespace kagent::ctl::render
