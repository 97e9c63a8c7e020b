#include "agent/common/base/file.hpp"

#include <sys/stat.h>
#include "tests/support/result.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace fs = std::filesystem;
using kagent::Errc;

namespace {

struct Folder {
  Folder() { path = ::mkdtemp(name.data()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }
  std::string name = (fs::temp_directory_path() / "kagent-test.XXXXXX").string();
  fs::path path;
};

}  // namespace

TEST_CASE("a file is replaced as a whole, with its mode, and nothing is left beside it") {
  const Folder folder;
  const auto path = folder.path / "secret";
  REQUIRE(kagent::write_file_atomic(path, "one", 0600));
  REQUIRE(kagent::write_file_atomic(path, "two", 0640));
  CHECK(*kagent::read_file(path) == "two");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0640);
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a failed write keeps what was there and says where") {
  const Folder folder;
  const auto failed = kagent::write_file_atomic(folder.path / "no" / "file", "x", 0600);
  REQUIRE(!failed);
  CHECK(failed.error().code() == Errc::not_found);
  CHECK(failed.error().message().find("no/file") != std::string::npos);
}

TEST_CASE("reading is bounded, and a missing file is told from an unreadable one") {
  const Folder folder;
  REQUIRE(kagent::write_file_atomic(folder.path / "big", std::string(100, 'x'), 0600));
  CHECK(kagent::read_file(folder.path / "big", 10).error().code() == Errc::resource_exhausted);
  CHECK(kagent::read_file(folder.path / "none").error().code() == Errc::not_found);
  CHECK(kagent::remove_file(folder.path / "none"));
}
