#include "agent/noded/step/files.hpp"

#include "agent/common/base/paths.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

namespace kagent::noded {
namespace {

unsigned mode_of(const Machine& machine, const std::string& path) {
  struct stat status {};
  return ::stat(machine.context->at(path).c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

}  // namespace

TEST_CASE("F17 kagentd may watch the folders that steps make, whatever noded's umask is") {
  const Machine machine;
  const mode_t before = ::umask(0077);
  const FileWant file{"/etc/systemd/system/kubelet.service.d/20-x.conf", "text", 0644};
  const FileWant secret{std::string(paths::noded_run) + "/patches/a.yaml", "secret", 0600};
  CHECK(write_in_place(*machine.context, file));
  CHECK(write_in_place(*machine.context, secret));
  ::umask(before);
  CHECK(mode_of(machine, "/etc/systemd/system") == 0755);
  CHECK(mode_of(machine, "/etc/systemd/system/kubelet.service.d") == 0755);
  CHECK(mode_of(machine, std::string(paths::noded_run) + "/patches") == 0700);
  CHECK(machine.read(file.path) == "text");
}

TEST_CASE("An existing folder keeps its mode") {
  const Machine machine;
  std::filesystem::create_directories(machine.context->at("/etc/docker"));
  REQUIRE(::chmod(machine.context->at("/etc/docker").c_str(), 0710) == 0);
  CHECK(write_in_place(*machine.context, {"/etc/docker/daemon.json", "{}", 0644}));
  CHECK(mode_of(machine, "/etc/docker") == 0710);
}

}  // namespace kagent::noded
