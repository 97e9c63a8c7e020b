#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::noded;

namespace {

UnitState unit(const char* load, const char* active, const char* file) {
  return {load, active, "", file, "", {}};
}

constexpr char no_swap[] = "Filename\tType\tSize\tUsed\tPriority\n";

}  // namespace

TEST_CASE("swap: active swap is stopped and masked, and its fstab line is commented out") {
  Machine machine;
  auto step = make_swap();
  const std::string fstab = "UUID=1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n";
  machine.write("/etc/fstab", fstab);
  machine.write("/proc/swaps", no_swap);
  machine.units->units["dev-sda2.swap"] = unit("loaded", "active", "generated");
  machine.units->wanted_by["swap.target"] = {"dev-sda2.swap"};
  CHECK(machine.check(*step).size() == 2);
  CHECK(machine.read("/etc/fstab") == fstab);

  CHECK(machine.apply(*step).ok());
  CHECK(machine.units->calls ==
        std::vector<std::string>{"stop dev-sda2.swap", "mask dev-sda2.swap"});
  CHECK(machine.read("/etc/fstab").find("\n/dev/sda2") == std::string::npos);
  CHECK(machine.read("/etc/fstab").find("UUID=1 / ext4") == 0);
  CHECK(machine.read("/etc/fstab.kagent-orig") == fstab);
  CHECK(machine.check(*step).empty());
}

TEST_CASE("swap: zram that only a boot would start is found while swap is off") {
  Machine machine;
  auto step = make_swap();
  machine.write("/proc/swaps", no_swap);
  machine.units->units["dev-zram0.swap"] = unit("loaded", "inactive", "generated");
  machine.units->units["zramswap.service"] = unit("loaded", "inactive", "enabled");
  machine.units->units["dev-masked.swap"] = unit("masked", "inactive", "masked");
  machine.units->wanted_by["swap.target"] = {"dev-zram0.swap", "dev-masked.swap"};
  const auto changes = machine.check(*step);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].find("dev-zram0.swap") != std::string::npos);
  CHECK(changes[1].find("zramswap.service") != std::string::npos);
  CHECK(machine.apply(*step).ok());
  CHECK(machine.check(*step).empty());
}

TEST_CASE("swap: swap that cannot be turned off has a cause") {
  Machine machine;
  auto step = make_swap();
  machine.write("/proc/swaps", std::string(no_swap) + "/swapfile file 1048572 0 -2\n");
  CHECK(machine.apply(*step).cause() == "swap.still-on");
  machine.units->units["swapfile.swap"] = unit("loaded", "active", "");
  machine.units->failing_jobs = {"swapfile.swap"};
  CHECK(machine.apply(*step).cause() == "swap.still-on");
}

TEST_CASE("swap: it stays on if the ClusterConfig wants it") {
  Machine machine;
  auto step = make_swap();
  machine.write("/etc/fstab", "/dev/sda2 none swap sw 0 0\n");
  machine.write("/proc/swaps", std::string(no_swap) + "/dev/sda2 partition 1048572 0 -2\n");
  machine.units->units["dev-sda2.swap"] = unit("loaded", "active", "generated");
  machine.units->wanted_by["swap.target"] = {"dev-sda2.swap"};
  auto& cluster = machine.context->cluster;
  SECTION("to kubelet") {
    cluster.mutable_kubeadm()->set_documents(
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        "failSwapOn: false\n");
  }
  SECTION("to kubeadm's check") {
    cluster.add_ignore_preflight_errors("Swap");
  }
  CHECK(machine.check(*step).empty());

  cluster.mutable_kubeadm()->set_documents("kind: KubeletConfiguration\nfailSwapOn: true\n");
  cluster.clear_ignore_preflight_errors();
  CHECK(machine.check(*step).size() == 3);
}
