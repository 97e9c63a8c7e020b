#pragma once

#include <filesystem>
#include <optional>
#include <string>

// 169.254.169.254 answers for the cloud only in a cloud. Elsewhere any neighbour on the LAN can
// answer there, and user-data decides which coordinator a node trusts. So kagent-imds asks the
// metadata service only where the firmware or the hypervisor says that this is EC2, or where the
// image was told so. Source of the signs: cloud-init's ds-identify and the EC2 User Guide,
// "Identify EC2 instances".
namespace kagent::imds {

// What says so, for the log; nothing: this is not EC2. Reads below `root`:
//   sys/class/dmi/id/sys_vendor, board_vendor or bios_vendor "Amazon EC2"  (Nitro, bare metal)
//   sys/class/dmi/id/bios_version that holds "amazon"                      (Xen HVM)
//   sys/hypervisor/uuid that begins with "ec2"                             (Xen)
// All are readable without root.
std::optional<std::string> sign_of_ec2(const std::filesystem::path& root);

}  // namespace kagent::imds
