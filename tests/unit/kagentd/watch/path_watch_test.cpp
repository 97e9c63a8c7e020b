#include "agent/kagentd/watch/path_watch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/steady_timer.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fstream>

namespace kagent::kagentd {

using namespace std::chrono_literals;

TEST_CASE("The handler gets a path that changes, appears or disappears, and no other") {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  boost::asio::io_context io;
  std::vector<std::string> told;
  PathWatch watch(io, [&](const std::string& path) { told.push_back(path); });
  watch.add(root + "/fstab");
  watch.add(root + "/sysctl.d/");  // does not exist yet
  const auto told_after = [&](auto change) {
    told.clear();
    change();
    io.restart();
    io.run_for(100ms);
    return told;
  };
  const auto write = [&](const char* file) { std::ofstream(root + "/" + file) << "x"; };

  CHECK(told_after([&] { write("fstab"); }) == std::vector{root + "/fstab"});
  CHECK(told_after([&] { write("passwd"); }).empty());
  CHECK(told_after([&] { std::filesystem::rename(root + "/passwd", root + "/fstab"); }) ==
        std::vector{root + "/fstab"});
  CHECK(told_after([&] { std::filesystem::remove(root + "/fstab"); }) ==
        std::vector{root + "/fstab"});
  std::filesystem::create_directory(root + "/sysctl.d");
  watch.add_missing();
  CHECK(told_after([&] { write("sysctl.d/99-other.conf"); }) == std::vector{root + "/sysctl.d/"});
}

}  // namespace kagent::kagentd
