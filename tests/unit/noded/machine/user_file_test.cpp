#include "agent/noded/machine/user_file.hpp"
#include "agent/common/base/file.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace kagent;
using namespace kagent::noded;

namespace {

Account me() {
  return {"me", "", ::getuid(), ::getgid()};
}

}  // namespace

TEST_CASE("a user's file is written atomically with mode 0600 and owner, and recognised") {
  const TemporaryFolder home;
  const UserFile file{home.path().string(), ".kube", "config"};
  CHECK_FALSE(is_user_file(file, "text", me()));
  REQUIRE(write_user_file(file, "text", me()));
  CHECK(is_user_file(file, "text", me()));
  CHECK_FALSE(is_user_file(file, "other", me()));
  struct stat status {};
  REQUIRE(::stat((home / ".kube/config").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK(::chmod((home / ".kube/config").c_str(), 0644) == 0);
  CHECK_FALSE(is_user_file(file, "text", me()));
  Account other = me();
  ++other.uid;
  CHECK_FALSE(is_user_file(file, "text", other));
}

TEST_CASE("a link in a user's folder is never followed") {
  const TemporaryFolder home;
  const TemporaryFolder elsewhere;
  std::filesystem::create_directory_symlink(elsewhere.path(), home / ".kube");
  const auto written = write_user_file({home.path().string(), ".kube", "config"}, "secret", me());
  REQUIRE_FALSE(written);
  CHECK(written.error().code() == Errc::failed_precondition);
  CHECK(std::filesystem::is_empty(elsewhere.path()));

  std::filesystem::remove(home / ".kube");
  std::filesystem::create_directory(home / ".kube");
  REQUIRE(write_file_atomic(elsewhere / "theirs", "theirs", 0644));
  std::filesystem::create_symlink(elsewhere / "theirs", home / ".kube/config");
  REQUIRE(write_user_file({home.path().string(), ".kube", "config"}, "secret", me()));
  CHECK(*read_file(elsewhere / "theirs") == "theirs");
  CHECK_FALSE(std::filesystem::is_symlink(home / ".kube/config"));
}
