#include "coordinator/ctl/commands/image.hpp"

#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>

namespace fs = std::filesystem;
using namespace kagent;

namespace {

void put(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

void take_all(const fs::path& root) {
  for (const ctl::Trace& trace : ctl::traces_in(root)) REQUIRE(ctl::take_away(trace).has_value());
}

}  // namespace

TEST_CASE("two instances of one image share no identity") {
  const TemporaryFolder folder;
  const fs::path& root = folder.path();
  put(root / "etc/machine-id", "e49518d890284f599c95a5099f64156e\n");
  put(root / "var/lib/kagent/node.key", "key");
  put(root / "var/lib/kagent/.partial", "key");
  put(root / "var/lib/kagent-noded/serial", "7");
  put(root / "var/lib/kagent-config-drive/user-data", "kagent://");
  put(root / "var/lib/kagent-coordinator/ca.key", "key");
  put(root / "etc/kagent/user-data", "kagent://");
  put(root / "etc/kagent/cluster.yaml", "kind: ClusterConfig");
  put(root / "var/log/journal/e4/system.journal", "log");
  put(root / "etc/ssh/ssh_host_ed25519_key", "key");
  take_all(root);

  CHECK(fs::exists(root / "etc/machine-id"));
  CHECK(fs::file_size(root / "etc/machine-id") == 0);
  for (const char* emptied :
       {"var/lib/kagent", "var/lib/kagent-noded", "var/lib/kagent-config-drive",
        "var/lib/kagent-coordinator", "var/log/journal"}) {
    INFO(emptied);
    CHECK(fs::is_directory(root / emptied));  // its owner and mode stay
    CHECK(fs::is_empty(root / emptied));
  }
  CHECK_FALSE(fs::exists(root / "etc/kagent/user-data"));
  CHECK(fs::exists(root / "etc/kagent/cluster.yaml"));
  CHECK(fs::exists(root / "etc/ssh/ssh_host_ed25519_key"));  // nothing would make a new one

  put(root / "usr/bin/cloud-init", "");
  take_all(root);
  CHECK_FALSE(fs::exists(root / "etc/ssh/ssh_host_ed25519_key"));
  CHECK(ctl::traces_in(root).empty());
}

TEST_CASE("what a link in an image points to is left alone") {
  const TemporaryFolder folder, elsewhere;
  put(elsewhere.path() / "precious", "data");
  fs::create_directories(folder.path() / "var/lib");
  fs::create_directory_symlink(elsewhere.path(), folder.path() / "var/lib/kagent");
  take_all(folder.path());
  CHECK(fs::exists(elsewhere.path() / "precious"));
  CHECK_FALSE(fs::is_symlink(fs::symlink_status(folder.path() / "var/lib/kagent")));
}

TEST_CASE("no image is made of a node of a cluster") {
  const TemporaryFolder folder;
  CHECK(ctl::why_no_image(folder.path()).empty());
  put(folder.path() / "etc/kubernetes/kubelet.conf", "");
  CHECK(ctl::why_no_image(folder.path()).find("kubelet.conf") != std::string::npos);
}
