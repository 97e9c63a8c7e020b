#include "agent/common/values/values.hpp"

#include "agent/common/base/names.hpp"

#include <algorithm>
#include <charconv>

namespace kagent::values {
namespace {

// Not isdigit(3) and its like: a locale may know more.
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_lower_or_digit(char c) {
  return is_lower(c) || is_digit(c);
}
bool is_letter_or_digit(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}
bool is_lower_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 9 && std::ranges::all_of(text, is_digit) &&
         (text.size() == 1 || text.front() != '0');
}

// Takes what stands before `at` off `text`; all of it where there is no `at`.
std::string_view take(std::string_view& text, char at) {
  const auto end = text.find(at);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

}  // namespace

bool NodeNameRule::holds(std::string_view text) {
  return is_node_name(text);
}

bool NodeIdRule::holds(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool StepNameRule::holds(std::string_view text) {
  return is_lower(text.front()) && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool BootstrapTokenIdRule::holds(std::string_view text) {
  return text.size() == 6 && std::ranges::all_of(text, is_lower_or_digit);
}

bool BootstrapTokenRule::holds(std::string_view text) {
  return text.size() == longest && text[6] == '.' &&
         BootstrapTokenIdRule::holds(text.substr(0, 6)) &&
         std::ranges::all_of(text.substr(7), is_lower_or_digit);
}

bool CertificateKeyRule::holds(std::string_view text) {
  return text.size() == longest && std::ranges::all_of(text, is_lower_hex);
}

bool Sha256Rule::holds(std::string_view text) {
  return text.size() == longest && std::ranges::all_of(text, is_lower_hex);
}

bool KubernetesVersionRule::holds(std::string_view text) {
  if (!text.starts_with("v1.")) return false;
  text.remove_prefix(3);
  if (!is_number(take(text, '.'))) return false;
  const auto dash = text.find('-');
  if (!is_number(text.substr(0, dash))) return false;
  if (dash == std::string_view::npos) return true;
  const std::string_view pre_release = text.substr(dash + 1);
  return !pre_release.empty() && std::ranges::all_of(pre_release, [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-';
  });
}

Result<HostPort> HostPort::parse(std::string_view text) {
  const Error wrong(Errc::invalid_argument,
                    "expected HOST:PORT, HOST a DNS name in lower case, an IPv4 address or [IPv6], "
                    "found \"" +
                        printable(text, 80) + "\"");
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!is_number(digits) || read.ec != std::errc() || port == 0) return wrong;
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos || !is_ip_address(host)) return wrong;
  } else if (!is_node_name(host)) {  // an IPv4 address has the shape of a name
    return wrong;
  }
  return HostPort(std::string(host), port);
}

Result<HostPort> HostPort::parse_https_url(std::string_view url) {
  constexpr std::string_view scheme = "https://";
  if (!url.starts_with(scheme))
    return Error(Errc::invalid_argument,
                 "expected https://HOST:PORT, found \"" + printable(url, 80) + "\"");
  return parse(url.substr(scheme.size()));
}

std::string HostPort::str() const {
  const bool v6 = host_.find(':') != std::string::npos;
  return (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

}  // namespace kagent::values
