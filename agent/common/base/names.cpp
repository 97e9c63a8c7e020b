#include "agent/common/base/names.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

namespace kagent {
namespace {

constexpr std::size_t longest_name = 253;

// isalnum(3) depends on the locale.
bool is_end(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
  return !label.empty() && is_end(label.front()) && is_end(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_end(c) || c == '-'; });
}

}  // namespace

bool is_node_name(std::string_view name) {
  if (name.size() > longest_name) return false;
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    if (!is_label(name.substr(0, dot))) return false;
    name.remove_prefix(dot + 1);
  }
  return is_label(name);
}

bool is_ip_address(std::string_view address) {
  // inet_pton stops at a NUL.
  if (address.find('\0') != std::string_view::npos) return false;
  const std::string text(address);
  in6_addr parsed{};
  return ::inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

}  // namespace kagent
