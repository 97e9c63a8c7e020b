#include "agent/noded/packages/key.hpp"

#include <fmt/format.h>

namespace kagent::noded::packages {

std::optional<std::string> local_path(std::string_view source) {
  constexpr std::string_view scheme = "file://";
  if (source.starts_with(scheme)) source.remove_prefix(scheme.size());
  if (!source.starts_with('/')) return std::nullopt;
  return std::string(source);
}

std::optional<std::string_view> key_ending(std::string_view text) {
  if (text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----")) return "asc";
  if (text.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(text.front());
  const unsigned tag = (first & 0x40U) != 0 ? first & 0x3fU : (first >> 2U) & 0x0fU;
  if ((first & 0x80U) == 0 || tag != 6) return std::nullopt;
  return "gpg";
}

// FNV-1a, since the name needs no secrecy.
std::string source_name(std::string_view source) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const unsigned char c : source) hash = (hash ^ c) * 0x100000001b3U;
  return fmt::format("{:016x}", hash);
}

}  // namespace kagent::noded::packages
