#include "coordinator/ctl/client/channel.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/common/trust/ca_pin.hpp"
#include "agent/common/trust/pki.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <cerrno>

namespace kagent::ctl {
namespace {

constexpr std::chrono::seconds pin_limit{10};
constexpr int most_message_bytes = 256 << 20;  // ten thousand nodes with their reports

bool is_socket(const std::string& coordinator) {
  return coordinator.starts_with('/') || coordinator.starts_with("unix:");
}

Result<Channel> over_socket(const std::string& coordinator) {
  const std::string path = coordinator.starts_with("unix:") ? coordinator.substr(5) : coordinator;
  if (::access(path.c_str(), W_OK) != 0) {
    if (errno == EACCES)
      return Error(Errc::permission_denied,
                   path +
                       ": permission denied; run kagentctl as root or as a member of group "
                       "kagent-admin");
    return Error(
        Errc::unavailable,
        path +
            ": there is no such socket; is kagent-coordinator running on this machine? To "
            "reach a coordinator on another machine, give --coordinator, --cert and --key");
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(most_message_bytes);
  return Channel{
      grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments),
      "the coordinator at " + path};
}

struct Target {
  std::string address;
  std::string ca_pem;
};

Result<Target> target_of(const Endpoint& endpoint) {
  if (!endpoint.coordinator.starts_with("kagent://")) {
    if (endpoint.ca.empty())
      return Error(Errc::invalid_argument,
                   "--coordinator " + endpoint.coordinator +
                       " needs --ca FILE; or give the whole kagent:// URL, which contains the hash "
                       "of the CA");
    auto ca = read_file(endpoint.ca);
    if (!ca) return Error(Errc::invalid_argument, ca.error().context("--ca").message());
    return Target{endpoint.coordinator, *ca};
  }
  const auto url = config::parse_coordinator_url(endpoint.coordinator);
  if (!url) return url.error().context("--coordinator");
  auto ca = fetch_pinned_ca(url->host, url->port, url->ca_sha256, pin_limit);
  if (!ca) return ca.error();
  return Target{config::host_port(*url), ca->pem};
}

Result<Channel> over_tls(const Endpoint& endpoint) {
  if (endpoint.certificate.empty() || endpoint.key.empty())
    return Error(Errc::invalid_argument,
                 "a coordinator on the network needs an admin certificate: give --cert and --key "
                 "(`kagent-coordinator --issue-admin NAME` makes them)");
  auto certificate = read_file(endpoint.certificate);
  if (!certificate)
    return Error(Errc::invalid_argument, certificate.error().context("--cert").message());
  auto key = read_file(endpoint.key);
  if (!key) return Error(Errc::invalid_argument, key.error().context("--key").message());
  auto target = target_of(endpoint);
  if (!target) return target.error();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = target->ca_pem;
  options.pem_cert_chain = *certificate;
  options.pem_private_key = *key;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(std::string(pki::coordinator_server_name));
  arguments.SetMaxReceiveMessageSize(most_message_bytes);
  return Channel{
      grpc::CreateCustomChannel(target->address, grpc::SslCredentials(options), arguments),
      "the coordinator at " + target->address};
}

}  // namespace

Result<Channel> open_channel(const Endpoint& endpoint) {
  return is_socket(endpoint.coordinator) ? over_socket(endpoint.coordinator) : over_tls(endpoint);
}

}  // namespace kagent::ctl
