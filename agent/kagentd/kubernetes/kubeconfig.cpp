#include "agent/kagentd/kubernetes/kubeconfig.hpp"

#include "agent/common/config/unpack.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>

namespace kagent::kubernetes {
namespace {

Error wrong(const std::string& field, const std::string& what) {
  return {Errc::invalid_argument, "kubeconfig: " + field + ": " + what};
}

Result<std::string> text_at(const YAML::Node& from, const char* field) {
  const auto value = from[field];
  if (!value || !value.IsScalar() || value.Scalar().empty()) return wrong(field, "is missing");
  return value.Scalar();
}

Result<std::string> data_at(const YAML::Node& from, const char* field) {
  const auto text = text_at(from, field);
  if (!text) return text;
  auto data = config::decode_base64(*text);
  if (!data) return wrong(field, data.error().message());
  return data;
}

Result<> split_server(std::string server, Access& access) {
  constexpr std::string_view scheme = "https://";
  if (!server.starts_with(scheme)) return wrong("server", "is not https://HOST[:PORT]");
  server.erase(0, scheme.size());
  server = server.substr(0, server.find('/'));
  const auto colon = server.rfind(':');
  if (colon != std::string::npos && server.find(']', colon) == std::string::npos) {
    const char* const end = server.data() + server.size();
    const auto port = std::from_chars(server.data() + colon + 1, end, access.port);
    if (port.ec != std::errc{} || port.ptr != end) return wrong("server", "has no valid port");
    server.erase(colon);
  }
  if (server.starts_with('[') && server.ends_with(']'))
    server = server.substr(1, server.size() - 2);
  if (server.empty()) return wrong("server", "has no host");
  access.host = server;
  return {};
}

}  // namespace

Result<Access> parse_kubeconfig(std::string_view yaml) {
  try {
    const auto config = YAML::Load(std::string(yaml));
    for (const char* field : {"clusters", "users"})
      if (!config.IsMap() || !config[field] || !config[field].IsSequence() ||
          config[field].size() == 0)
        return wrong(field, "is missing");
    const auto cluster = config["clusters"][0]["cluster"];
    const auto user = config["users"][0]["user"];
    if (!cluster) return wrong("clusters[0].cluster", "is missing");
    if (!user) return wrong("users[0].user", "is missing");
    Access access;
    const auto server = text_at(cluster, "server");
    if (!server) return server.error();
    if (auto split = split_server(*server, access); !split) return split.error();
    const auto ca = data_at(cluster, "certificate-authority-data");
    if (!ca) return ca.error();
    const auto certificate = data_at(user, "client-certificate-data");
    if (!certificate) return certificate.error();
    const auto key = data_at(user, "client-key-data");
    if (!key) return key.error();
    access.ca_pem = *ca;
    access.certificate_pem = *certificate;
    access.key_pem = *key;
    return access;
  } catch (const YAML::Exception& error) {
    return wrong("document", error.what());
  }
}

}  // namespace kagent::kubernetes
