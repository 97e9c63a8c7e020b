#pragma once

#include "coordinator/ctl/arguments/command.hpp"
#include "coordinator/ctl/client/client.hpp"

// One function a command, each in a file of its own that holds the command's options. A command
// prints its result on stdout and errors on stderr. `endpoint` must outlive the command and is read
// when the command runs.
namespace kagent::ctl {

Command make_status(const Endpoint& endpoint);
Command make_describe(const Endpoint& endpoint);
Command make_logs(const Endpoint& endpoint);
Command make_timeline(const Endpoint& endpoint);
Command make_wait(const Endpoint& endpoint);

Command make_retry(const Endpoint& endpoint);
Command make_reset(const Endpoint& endpoint);
Command make_remove(const Endpoint& endpoint);
Command make_rejoin(const Endpoint& endpoint);

Command make_user_data(const Endpoint& endpoint);
Command make_token(const Endpoint& endpoint);
Command make_approve(const Endpoint& endpoint);
Command make_forget(const Endpoint& endpoint);

Command make_kubeconfig(const Endpoint& endpoint);
Command make_certs(const Endpoint& endpoint);

// These need no coordinator.
Command make_config();
Command make_plan();
Command make_prepare_image();
Command make_explain();
Command make_version();

// The options that say where the coordinator is; every command takes them.
void add_endpoint_options(Command& program, Endpoint& endpoint);

}  // namespace kagent::ctl
