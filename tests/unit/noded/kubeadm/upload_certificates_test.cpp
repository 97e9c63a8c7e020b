#include "agent/noded/kubeadm/upload_certificates.hpp"

#include "tests/unit/noded/fake_units.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include <filesystem>

using namespace kagent;
using namespace kagent::noded;

namespace {

constexpr char config_path[] = "/run/kagent/upload-certs.yaml";

struct ControlPlane : Machine {
  std::string config;  // as kubeadm reads it
  bool fails = false;

  ControlPlane() {
    context->assignment.emplace().set_role("control-plane");
    write("/etc/kubernetes/pki/ca.key", "key");
    write("/etc/kubernetes/admin.conf", "conf");
    units->on_run = [this](const Command& command) {
      if (command.lines.front()[1] == "version") return printed(command, "v1.22.4\n");
      config = read(config_path);
      return fails ? failing(command, 1) : printed(command, "");
    };
  }

  [[nodiscard]] Result<std::string> upload() const {
    boost::asio::io_context io;
    auto done = boost::asio::co_spawn(io, upload_certificates(context), boost::asio::use_future);
    io.run();
    return done.get();
  }
};

}  // namespace

TEST_CASE("The certificate key is new, and reaches kubeadm through a file that is removed") {
  ControlPlane node;
  const auto key = node.upload();
  REQUIRE(key);
  CHECK(key->size() == 64);
  CHECK(node.config.find(*key) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(node.context->at(config_path)));
  for (const Command& command : node.units->commands)
    for (const auto& argv : command.lines)
      for (const std::string& word : argv) CHECK(word.find(*key) == std::string::npos);
  CHECK(node.units->commands.back().lines.front().back() == "--skip-certificate-key-print");
  CHECK(node.upload().value() != *key);
}

TEST_CASE("A failed upload returns no key and leaves none behind") {
  ControlPlane node;
  node.fails = true;
  CHECK(node.upload().error().code() == Errc::unavailable);
  CHECK_FALSE(std::filesystem::exists(node.context->at(config_path)));
}

TEST_CASE("A node that is no control plane uploads nothing") {
  ControlPlane node;
  SECTION("a worker") {
    node.context->assignment->set_role("worker");
  }
  SECTION("before init") {
    std::filesystem::remove(node.context->at("/etc/kubernetes/admin.conf"));
  }
  CHECK(node.upload().error().code() == Errc::failed_precondition);
  CHECK(node.units->commands.empty());
}
