#include "agent/imds/platform.hpp"

#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>

using namespace kagent;
using imds::sign_of_ec2;

namespace {

struct Machine {
  void has(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  TemporaryFolder root;
};

}  // namespace

TEST_CASE_METHOD(Machine,
                 "A machine without a sign of EC2 is none, whoever answers on its network") {
  CHECK_FALSE(sign_of_ec2(root.path()));
  has("sys/class/dmi/id/sys_vendor", "QEMU\n");
  has("sys/class/dmi/id/bios_version", "1.16.2-debian-1.16.2-1\n");
  has("sys/hypervisor/uuid", "00000000-0000-0000-0000-000000000000\n");
  CHECK_FALSE(sign_of_ec2(root.path()));
}

TEST_CASE_METHOD(Machine, "A Nitro instance is known by its vendor") {
  has("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
  CHECK(sign_of_ec2(root.path()) == "/sys/class/dmi/id/sys_vendor");
}

TEST_CASE_METHOD(Machine, "A Xen instance is known by its BIOS or its hypervisor") {
  SECTION("BIOS") {
    has("sys/class/dmi/id/bios_version", "4.11.amazon\n");
    CHECK(sign_of_ec2(root.path()) == "/sys/class/dmi/id/bios_version");
  }
  SECTION("hypervisor") {
    has("sys/hypervisor/uuid", "EC2d1b8a-0000-0000-0000-000000000000\n");
    CHECK(sign_of_ec2(root.path()) == "/sys/hypervisor/uuid");
  }
}

TEST_CASE_METHOD(Machine, "A vendor that only resembles Amazon's is not believed") {
  has("sys/class/dmi/id/sys_vendor", "Not Amazon EC2\n");
  CHECK_FALSE(sign_of_ec2(root.path()));
}
