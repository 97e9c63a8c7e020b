#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/temporary_folder.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <array>
#include <cstdio>

using namespace kagent;
using namespace kagent::coordinator;
using Catch::Matchers::ContainsSubstring;

namespace {

// The page as a browser has it after two seconds of its time, scripts and all.
std::string browse(const std::string& url) {
  const TemporaryFolder profile;
  const std::string command =
      "chromium --headless --no-sandbox --disable-gpu --virtual-time-budget=2000 --dump-dom "
      "--user-data-dir=" +
      profile.path().string() + " " + url + " 2>/dev/null";
  std::string page;
  FILE* output = ::popen(command.c_str(), "re");
  REQUIRE(output != nullptr);
  std::array<char, 4096> part{};
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), output))
    page.append(part.data(), got);
  CHECK(::pclose(output) == 0);
  return page;
}

}  // namespace

TEST_CASE("T20 What a node says is text to a browser, never part of the page") {
  const std::string script = "<script>document.title='taken'</script>";
  const std::string image = "<img src=x onerror=\"document.title='taken'\">";
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  CHECK_FALSE(FakeNode(coordinator, script).enrol(coordinator.token()).ok());
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open();
  REQUIRE(node.next_envelope());
  v1::AgentMessage message;
  v1::NodeReport& report = *message.mutable_report();
  report.mutable_facts()->set_node_name(script);
  v1::StepStatus& step = *report.add_steps();
  step.set_name("init" + script);
  step.set_state(v1::STEP_STATE_FAILED);
  step.mutable_failure()->set_cause("cause");
  step.mutable_failure()->set_message(image);
  node.send(std::move(message));

  const std::string page =
      browse("http://127.0.0.1:" + std::to_string(coordinator.http_port()) + "/");
  INFO(page);
  CHECK_THAT(page, ContainsSubstring("<title>kagent</title>"));
  CHECK_THAT(page, ContainsSubstring("live"));
  CHECK_THAT(page, ContainsSubstring("&lt;script&gt;document.title='taken'&lt;/script&gt;"));
  CHECK_THAT(page, ContainsSubstring("&lt;img src=x onerror="));
  CHECK_THAT(page, !ContainsSubstring("<img"));
}
