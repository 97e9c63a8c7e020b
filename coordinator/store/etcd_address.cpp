#include "coordinator/store/etcd_address.hpp"

#include "agent/common/base/file.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace kagent::coordinator {
namespace {

constexpr std::string_view with_tls = "etcd://";
constexpr std::string_view without_tls = "etcd+http://";

Error wrong(const EtcdAddress& address, const std::string& what) {
  return {Errc::invalid_argument,
          "--store " + address.url + ": " + what + "; expected etcd://HOST:PORT,HOST:PORT/PREFIX"};
}

bool is_letter(unsigned char c) {
  return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// HOST:PORT of HOST, HOST:PORT, [IPV6] or [IPV6]:PORT; empty when it is none of them.
std::string endpoint_of(std::string_view text) {
  const bool is_ipv6 = text.starts_with('[');
  const std::size_t end = is_ipv6 ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, end);
  const std::string_view port = text.substr(end);
  const bool is_host =
      is_ipv6 ? host.size() > 2 &&
                    host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1
              : !host.empty() && std::ranges::all_of(host, is_letter);
  if (!is_host || (!port.empty() && (port.front() != ':' || !is_port(port.substr(1))))) return {};
  return std::string(host) + (port.empty() ? ":2379" : std::string(port));
}

Result<> read(const std::filesystem::path& file, const char* option, std::string& content) {
  auto text = read_file(file);
  if (!text) return text.error().context(option);
  content = std::move(*text);
  return {};
}

Result<> read_files(const EtcdAddress& address, etcd::Options& options) {
  if (address.ca.empty())
    return wrong(address,
                 "it needs --store-ca FILE, the CA of etcd's certificates (etcd+http:// is "
                 "without TLS: whoever can write there decides who is a node)");
  if (address.certificate.empty() != address.key.empty())
    return wrong(address, "--store-cert and --store-key go together");
  Result<> done = read(address.ca, "--store-ca", options.ca_pem);
  if (done && !address.key.empty()) {
    done = read(address.certificate, "--store-cert", options.certificate_pem);
    if (done) done = read(address.key, "--store-key", options.key_pem);
  }
  if (done && options.ca_pem.find("BEGIN CERTIFICATE") == std::string::npos)
    done = Error(Errc::invalid_argument,
                 "--store-ca: there is no certificate in " + address.ca.string());
  return done;
}

}  // namespace

Result<etcd::Options> parse_etcd_address(const EtcdAddress& address) {
  const std::string_view url = address.url;
  const bool plain = url.starts_with(without_tls);
  if (!plain && !url.starts_with(with_tls)) return wrong(address, "its scheme is not etcd");
  std::string_view rest = url.substr(plain ? without_tls.size() : with_tls.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view hosts = rest.substr(0, slash);
  std::string_view prefix = rest.substr(std::min(slash + 1, rest.size()));
  while (prefix.ends_with('/')) prefix.remove_suffix(1);

  etcd::Options options;
  options.prefix = "/" + std::string(prefix.empty() ? "kagent" : prefix);
  if (!std::ranges::all_of(prefix, [](unsigned char c) { return is_letter(c) || c == '/'; }))
    return wrong(address, "PREFIX is letters, digits, '-', '_', '.' and '/'");
  for (bool more = true; more;) {
    const std::size_t comma = hosts.find(',');
    more = comma != std::string_view::npos;
    const std::string_view one = hosts.substr(0, comma);
    options.endpoints.push_back(endpoint_of(one));
    if (options.endpoints.back().empty())
      return wrong(address, "'" + std::string(one) + "' is not HOST:PORT");
    if (more) hosts.remove_prefix(comma + 1);
  }
  if (plain) {
    if (!address.ca.empty() || !address.certificate.empty() || !address.key.empty())
      return wrong(address,
                   "etcd+http:// is without TLS: no --store-ca, --store-cert, --store-key");
    return options;
  }
  if (auto done = read_files(address, options); !done) return done.error();
  return options;
}

}  // namespace kagent::coordinator
