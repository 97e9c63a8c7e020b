#include "coordinator/ctl/commands/commands.hpp"

namespace kagent::ctl {

void add_endpoint_options(Command& program, Endpoint& endpoint) {
  const auto file = [&](const std::string& names, const std::string& placeholder,
                        std::string& target, const std::string& help,
                        const std::string& environment) {
    Argument& option = program.option(names, placeholder, into(target), help);
    option.environment = environment;
    option.offer = Offer::files;
  };
  file("--coordinator", "WHERE", endpoint.coordinator,
       "Admin socket, kagent://HOST:PORT/sha256:HEX, or HOST:PORT with --ca", "KAGENT_COORDINATOR");
  file("--cert", "FILE", endpoint.certificate, "Admin certificate (PEM)", "KAGENT_CERT");
  file("--key", "FILE", endpoint.key, "Key of the admin certificate (PEM)", "KAGENT_KEY");
  file("--ca", "FILE", endpoint.ca, "CA certificate of the coordinator (PEM)", "KAGENT_CA");
}

}  // namespace kagent::ctl
