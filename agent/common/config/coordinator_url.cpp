#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

#include "agent/common/config/node_config.hpp"

namespace kagent::config {
namespace {

Error wrong(std::string_view what) {
  return {Errc::invalid_argument, "coordinator URL: " + std::string(what) +
                                      "; expected kagent://HOST:PORT/sha256:HEX[?token=TOKEN], as "
                                      "kagentctl user-data prints it"};
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 256 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<CoordinatorUrl> parse_coordinator_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return wrong("is not a URL");
  const boost::urls::url_view& url = *parsed;
  if (url.scheme() != "kagent") return wrong("its scheme is not kagent");
  if (url.has_userinfo() || url.has_fragment()) return wrong("it has a user or a fragment");
  CoordinatorUrl result;
  result.host = url.host_address();
  if (result.host.empty()) return wrong("it has no host");
  if (url.has_port()) {
    if (url.port_number() == 0) return wrong("its port is not between 1 and 65535");
    result.port = url.port_number();
  }
  const std::string path = url.path();
  if (!path.starts_with("/sha256:") || !is_sha256(std::string_view(path).substr(8)))
    return wrong("after the host stands no sha256: with 64 lower-case hexadecimal digits");
  result.ca_sha256 = path.substr(8);
  for (const auto& parameter : url.params()) {
    if (parameter.key != "token")
      return wrong("there is no parameter \"" + std::string(parameter.key) + "\"");
    if (!result.token.empty()) return wrong("the token is given twice");
    result.token = std::string(parameter.value);
    if (!is_token(result.token)) return wrong("the token is empty or has blanks in it");
  }
  return result;
}

std::string host_port(const CoordinatorUrl& url) {
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

}  // namespace kagent::config
