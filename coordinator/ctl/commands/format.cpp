#include "coordinator/ctl/commands/format.hpp"

namespace kagent::ctl {

void add_format_option(Command& command, Format& format, bool with_wide) {
  std::vector<std::pair<std::string, Format>> choices{{"json", Format::json},
                                                      {"yaml", Format::yaml}};
  if (with_wide) choices.insert(choices.begin(), {"wide", Format::wide});
  command.option("-o,--output", "FORMAT", one_of(format, choices),
                 with_wide ? "wide (more columns), json or yaml" : "json or yaml");
}

}  // namespace kagent::ctl
