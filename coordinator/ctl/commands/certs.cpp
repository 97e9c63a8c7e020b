#include "coordinator/ctl/render/certs.hpp"

#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(The table has the certificates of the coordinator, the client certificate of
each node that has connected since the coordinator started, and the
certificates of Kubernetes on each node (kubelet and kubeadm) as the node last
reported them. RENEWED FROM is the time from which a certificate renews
itself; "by hand" means that it does not.

A warning with a remedy follows for each certificate that expires within 30
days or that should have been renewed.)";

ExitCode run(const Endpoint& endpoint) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto answer = (*client)->list_certificates();
  if (!answer) return fail(answer.error());
  render::Look look = look_of_stdout();
  look.width = 0;  // a truncated path is of no use
  std::cout << render::certificates(*answer, look);
  return exit_ok;
}

}  // namespace

Command make_certs(const Endpoint& endpoint) {
  Command command("certs", "List certificates and when they expire", details);
  command.run = [&endpoint] { return run(endpoint); };
  return command;
}

}  // namespace kagent::ctl
