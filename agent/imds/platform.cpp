#include "agent/imds/platform.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/text.hpp"

#include <algorithm>

namespace kagent::imds {
namespace {

constexpr std::size_t longest_sign = 256;

struct Sign {
  const char* file;
  std::string_view text;  // in lower case
  bool whole;             // the file holds only this; otherwise this is somewhere in it
};
constexpr Sign signs[] = {
    {"sys/class/dmi/id/sys_vendor", "amazon ec2", true},
    {"sys/class/dmi/id/board_vendor", "amazon ec2", true},
    {"sys/class/dmi/id/bios_vendor", "amazon ec2", true},
    {"sys/class/dmi/id/bios_version", "amazon", false},
};
constexpr char hypervisor_uuid[] = "sys/hypervisor/uuid";

// The trimmed content in lower case; empty if the file is missing.
std::string read_sign(const std::filesystem::path& file) {
  const auto content = read_file(file, longest_sign);
  if (!content) return {};
  std::string text(trimmed(*content));
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

std::optional<std::string> sign_of_ec2(const std::filesystem::path& root) {
  for (const Sign& sign : signs) {
    const std::string text = read_sign(root / sign.file);
    if (sign.whole ? text == sign.text : text.find(sign.text) != std::string::npos)
      return "/" + std::string(sign.file);
  }
  if (read_sign(root / hypervisor_uuid).starts_with("ec2"))
    return "/" + std::string(hypervisor_uuid);
  return std::nullopt;
}

}  // namespace kagent::imds
