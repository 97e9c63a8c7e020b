#include "coordinator/ctl/client/local_node.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/image.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_prepare_image(const PrepareImageOptions& options) {
  if (const std::string why = why_no_image(options.root); !why.empty())
    return fail(Error(Errc::failed_precondition, why));
  const bool running_system = options.root == "/";
  if (!options.plan && running_system)
    if (const auto stopped = stop_kagent(); !stopped) return fail(stopped.error());
  const auto traces = traces_in(options.root);
  for (const Trace& trace : traces) {
    if (!options.plan)
      if (const auto taken = take_away(trace); !taken) return fail(taken.error());
    std::cout << (trace.emptied ? "empty  " : "remove ") << trace.path.string() << "  ("
              << trace.what << ")\n";
  }
  if (traces.empty()) std::cout << "nothing to take away\n";
  if (!options.plan && running_system) std::cout << "ready: power off, and make the image\n";
  return exit_ok;
}

}  // namespace kagent::ctl
