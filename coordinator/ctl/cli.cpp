#include "coordinator/ctl/cli.hpp"

#include "coordinator/ctl/arguments/parser.hpp"
#include "coordinator/ctl/commands/commands.hpp"

#include <grpc/support/log.h>

namespace kagent::ctl {

Command program(Endpoint& endpoint) {
  Command program("kagentctl", "Show and control the nodes of kagent");
  add_endpoint_options(program, endpoint);
  program.commands = {
      make_status(endpoint),
      make_describe(endpoint),
      make_logs(endpoint),
      make_timeline(endpoint),
      make_wait(endpoint),
      make_retry(endpoint),
      make_reset(endpoint),
      make_remove(endpoint),
      make_rejoin(endpoint),
      make_user_data(endpoint),
      make_token(endpoint),
      make_approve(endpoint),
      make_forget(endpoint),
      make_certs(endpoint),
      make_kubeconfig(endpoint),
      make_config(),
      make_plan(),
      make_prepare_image(),
      make_explain(),
      make_version(),
  };
  return program;
}

ExitCode run(int argc, const char* const* argv) {
  // gRPC's own messages on stderr would repeat what the commands say.
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function([](gpr_log_func_args*) {});
  Endpoint endpoint;
  return parse_and_run(program(endpoint), argc, argv);
}

ExitCode run(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv{"kagentctl"};
  for (const std::string& each : arguments) argv.push_back(each.c_str());
  return run(static_cast<int>(argv.size()), argv.data());
}

}  // namespace kagent::ctl
