#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_certs(const Endpoint& endpoint) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto answer = (*client)->list_certificates();
  if (!answer) return fail(answer.error());
  const auto now = render::time_of(answer->now()).value_or(render::Time());
  const auto moment = [](const google::protobuf::Timestamp& at) {
    const auto time = render::time_of(at);
    return time ? render::date_time(*time) : std::string("by hand");
  };
  render::Table table({"HOLDER", "USE", "ISSUED", "EXPIRES", "RESIDUAL", "RENEWED FROM"});
  for (const v1::Certificate& certificate : answer->certificates()) {
    const auto expires = render::time_of(certificate.expires_at()).value_or(now);
    table.row({{render::clean(certificate.holder())},
               {render::clean(certificate.use())},
               {moment(certificate.issued_at())},
               {moment(certificate.expires_at())},
               {expires <= now ? "expired" : render::age(expires, now),
                expires <= now ? render::Style::bad : render::Style::plain},
               {moment(certificate.renewal_at())}});
  }
  std::cout << table.text({});
  return exit_ok;
}

}  // namespace kagent::ctl
