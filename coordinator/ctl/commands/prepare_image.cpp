#include "coordinator/ctl/client/local_node.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/image.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Run this as root on a machine that becomes an image, as the last thing before
you power it off. It stops kagent and deletes the machine id, keys,
certificates, state, user-data, logs and cloud-init's record of this instance,
so that two machines made of the image are never taken for one. It refuses a
machine that is a node of a cluster.)";

struct Options {
  std::string root = "/";
  bool plan = false;
};

Value into_folder(std::string& folder) {
  Value value = into(folder);
  value.set = [&folder](const std::string& text) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(text, ignored)) return text + " is not a folder";
    folder = text;
    return std::string();
  };
  return value;
}

ExitCode run(const Options& options) {
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
  if (traces.empty()) std::cout << "there is nothing to delete\n";
  if (!options.plan && running_system) std::cout << "done: power off and make the image\n";
  return exit_ok;
}

}  // namespace

Command make_prepare_image() {
  const auto options = std::make_shared<Options>();
  Command command("prepare-image", "Delete everything that must not be in an image", details);
  command.flag("--plan", options->plan, "Only list what would be deleted");
  command
      .option("--root", "FOLDER", into_folder(options->root),
              "Work on an image mounted there instead of this machine")
      .offer = Offer::folders;
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace kagent::ctl
