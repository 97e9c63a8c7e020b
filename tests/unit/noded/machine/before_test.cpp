#include "agent/noded/machine/before.hpp"

#include "agent/common/base/file.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

#include <algorithm>

namespace kagent::noded {
namespace {

using How = FileBack::How;

struct Machine {
  Machine() { std::filesystem::create_directories(folder / "etc"); }

  // Does the same as write_in_place.
  void write(const std::string& path, const std::string& content) {
    REQUIRE(before.writing(path, content));
    put(path, content);
  }
  void put(const std::string& path, const std::string& content, mode_t mode = 0644) const {
    const auto at = folder.path() / path.substr(1);
    std::filesystem::create_directories(at.parent_path());
    REQUIRE(write_file_atomic(at, content, mode));
  }
  [[nodiscard]] std::string content(const std::string& path) const {
    const auto text = read_file(folder.path() / path.substr(1));
    return text ? *text : "(none)";
  }
  [[nodiscard]] bool exists(const std::string& path) const {
    return std::filesystem::exists(folder.path() / path.substr(1));
  }
  [[nodiscard]] How how(const std::string& path) const {
    const auto files = before.files();
    const auto found = std::ranges::find(*files, path, &FileBack::path);
    return found == files->end() ? How::nothing : found->how;
  }
  void put_back() {
    const auto files = before.files();
    for (const FileBack& file : *files) REQUIRE(before.put_back(file));
  }

  TemporaryFolder folder;
  Before before{folder.path(), folder / "before.json"};
};

}  // namespace

TEST_CASE("A file that existed is restored with its content and mode") {
  Machine machine;
  machine.put("/etc/fstab", "swap on\n", 0600);
  machine.write("/etc/fstab", "swap off\n");
  machine.write("/etc/fstab", "swap off twice\n");
  CHECK(machine.how("/etc/fstab") == How::restore);
  machine.put_back();
  CHECK(machine.content("/etc/fstab") == "swap on\n");
  struct stat status {};
  REQUIRE(::stat((machine.folder / "etc/fstab").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  CHECK(machine.how("/etc/fstab") == How::nothing);
}

TEST_CASE("A file that did not exist is removed, with the folders made for it") {
  Machine machine;
  machine.write("/etc/a/b/new.conf", "ours\n");
  machine.write("/etc/a/other.conf", "ours\n");
  machine.put("/etc/a/b/theirs", "not ours\n");
  CHECK(machine.how("/etc/a/b/new.conf") == How::remove);
  machine.put_back();
  CHECK_FALSE(machine.exists("/etc/a/b/new.conf"));
  CHECK_FALSE(machine.exists("/etc/a/other.conf"));
  CHECK(machine.content("/etc/a/b/theirs") == "not ours\n");
  std::filesystem::remove_all(machine.folder / "etc/a");
  REQUIRE(machine.before.forget());
  machine.write("/etc/a/b/new.conf", "ours\n");
  machine.put_back();
  CHECK_FALSE(machine.exists("/etc/a"));
  CHECK(machine.exists("/etc"));
}

TEST_CASE("A file that somebody else has changed since is left alone") {
  Machine machine;
  machine.put("/etc/fstab", "swap on\n");
  machine.write("/etc/fstab", "swap off\n");
  machine.put("/etc/fstab", "swap off\n/dev/sdb /data\n");
  CHECK(machine.how("/etc/fstab") == How::leave);
  machine.put_back();
  CHECK(machine.content("/etc/fstab") == "swap off\n/dev/sdb /data\n");
}

TEST_CASE("After a crash between the record and the write, our file is still known as ours") {
  Machine machine;
  machine.write("/etc/x", "one\n");
  REQUIRE(machine.before.writing("/etc/x", "two\n"));  // without the write that follows
  CHECK(machine.how("/etc/x") == How::remove);
}

TEST_CASE("The first survey counts, and it outlives the process") {
  Machine machine;
  CHECK_FALSE(*machine.before.surveyed());
  Before::Survey survey;
  survey.units["kubelet.service"].running = true;
  survey.settings["net.ipv4.ip_forward"] = "0";
  survey.folders["/etc/cni/net.d"] = {"87-podman.conflist"};
  REQUIRE(machine.before.keep(survey));
  survey.settings["net.ipv4.ip_forward"] = "1";
  REQUIRE(machine.before.keep(survey));
  const Before again(machine.folder.path(), machine.folder / "before.json");
  REQUIRE(*again.surveyed());
  const auto kept = again.survey();
  REQUIRE(kept);
  CHECK((*kept)->settings.at("net.ipv4.ip_forward") == "0");
  CHECK((*kept)->units.at("kubelet.service").running);
  CHECK_FALSE((*kept)->units.at("kubelet.service").enabled);
  const std::vector<std::string> now{"10-flannel.conflist", "87-podman.conflist"};
  CHECK(added((*kept)->folders.at("/etc/cni/net.d"), now) ==
        std::vector<std::string>{"10-flannel.conflist"});
}

TEST_CASE("A damaged record is reported and not overwritten") {
  Machine machine;
  machine.write("/etc/x", "one\n");
  REQUIRE(write_file_atomic(machine.folder / "before.json", "{\"version\":1", 0600));
  CHECK(machine.before.writing("/etc/y", "two\n").error().code() == Errc::data_loss);
  CHECK(machine.before.files().error().code() == Errc::data_loss);
}

TEST_CASE("Files that a reset removes anyway are not recorded") {
  Machine machine;
  machine.write("/run/kagent/join.yaml", "secret\n");
  machine.write("/var/lib/kagent-noded/init-started", "1\n");
  CHECK_FALSE(std::filesystem::exists(machine.folder / "before.json"));
}

}  // namespace kagent::noded
