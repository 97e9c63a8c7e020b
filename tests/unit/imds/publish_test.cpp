#include "agent/imds/publish.hpp"

#include "agent/common/base/file.hpp"
#include "tests/support/result.hpp"

#include <sys/stat.h>

#include <cstdlib>

using namespace kagent;

namespace {

struct Folder {
  Folder() { path = mkdtemp(pattern); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  char pattern[64] = "/tmp/kagent-imds-test-XXXXXX";
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("each document becomes a file that the group can read") {
  const Folder folder;
  REQUIRE(imds::publish(folder.path, {{"user-data", "u"}, {"instance-id", "i-0123"}}));
  CHECK(*read_file(folder.path / "user-data") == "u");
  CHECK(*read_file(folder.path / "instance-id") == "i-0123");
  struct stat found {};
  REQUIRE(::stat((folder.path / "user-data").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777U) == 0640U);
  CHECK_FALSE(std::filesystem::exists(folder.path / "local-hostname"));
}

TEST_CASE("a file of an earlier boot is removed with its document") {
  const Folder folder;
  REQUIRE(imds::publish(folder.path, {{"user-data", "u"}, {"instance-id", "i-0123"}}));
  REQUIRE(imds::publish(folder.path, {}));
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("a missing folder is an error that names it") {
  const auto done = imds::publish("/nonexistent/kagent", {{"user-data", "u"}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message().find("/nonexistent/kagent") != std::string::npos);
}
