#include "agent/common/trust/node_identity.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/trust/pki.hpp"

#include <systemd/sd-id128.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cctype>

namespace kagent {
namespace {

// kagent's own application id (sd-id128(3)): nobody can derive the machine id from the result.
constexpr sd_id128_t application =
    SD_ID128_MAKE(6b, 61, 67, 65, 6e, 74, 4a, 1f, 8e, 0c, 5d, 93, b2, 7e, 41, f6);

std::string hexadecimal(sd_id128_t id) {
  std::array<char, SD_ID128_STRING_MAX> text{};
  return sd_id128_to_string(id, text.data());
}

bool is_instance_id(std::string_view id) {
  return id.size() > 2 && id.size() <= 32 && id.starts_with("i-") &&
         id.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

}  // namespace

Result<std::string> app_specific_machine_id() {
  sd_id128_t id{};
  if (const int failed = sd_id128_get_machine_app_specific(application, &id); failed < 0)
    return Error(
        Errc::not_found,
        "/etc/machine-id is missing or not initialised; systemd-machine-id-setup makes one");
  return hexadecimal(id);
}

Result<std::string> boot_id() {
  sd_id128_t id{};
  if (const int failed = sd_id128_get_boot(&id); failed < 0)
    return errno_error(-failed, "reading the boot id");
  return hexadecimal(id);
}

std::string product_uuid() {
  // A container would read its host's.
  if (::access("/run/systemd/container", F_OK) == 0) return {};
  const auto uuid = read_file("/sys/class/dmi/id/product_uuid", 256);
  return uuid && !uuid->empty() ? pki::sha256_hex(*uuid).substr(0, 32) : std::string();
}

Result<std::string> node_id() {
  if (auto instance = read_file(paths::instance_id, 64)) {
    std::string id = *instance;
    while (!id.empty() && (id.back() == '\n' || id.back() == ' ')) id.pop_back();
    if (is_instance_id(id)) return id;
    return Error(Errc::invalid_argument,
                 std::string(paths::instance_id) + " does not hold an EC2 instance id");
  }
  auto machine = app_specific_machine_id();
  if (!machine) return machine.error();
  return "node-" + machine->substr(0, 16);
}

std::string node_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  std::string lower = name.data();
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace kagent
