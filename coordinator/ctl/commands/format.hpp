#pragma once

#include "coordinator/ctl/arguments/command.hpp"

namespace kagent::ctl {

// What -o asks for.
enum class Format { table, wide, json, yaml };

// Adds -o; `table` is what a command prints without it.
void add_format_option(Command& command, Format& format, bool with_wide);

}  // namespace kagent::ctl
