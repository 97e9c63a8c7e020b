#include "coordinator/admission/message_limits.hpp"

#include "kagent/v1/agent.pb.h"

#include <google/protobuf/unknown_field_set.h>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

v1::AgentMessage report_of_an_honest_node() {
  v1::AgentMessage message;
  v1::NodeReport& report = *message.mutable_report();
  report.mutable_facts()->set_node_name("node1");
  report.mutable_facts()->set_os("Debian GNU/Linux 12 (bookworm)");
  for (int i = 0; i < 20; ++i) {
    v1::StepStatus& step = *report.add_steps();
    step.set_name("step-" + std::to_string(i));
    step.set_state(v1::STEP_STATE_FAILED);
    v1::Failure& failure = *step.mutable_failure();
    failure.set_message("exit status 1");
    for (int line = 0; line < 30; ++line) failure.add_journal("a line of the unit");
  }
  return message;
}

}  // namespace

TEST_CASE("An honest report passes unchanged") {
  v1::AgentMessage message = report_of_an_honest_node();
  const std::string before = message.SerializeAsString();
  CHECK(bound(message) == 0);
  CHECK(message.SerializeAsString() == before);
}

TEST_CASE("Half a mebibyte of empty steps becomes a hundred or so") {
  v1::AgentMessage message;
  for (int i = 0; i < 250'000; ++i) message.mutable_report()->add_steps();
  CHECK(bound(message) == 250'000 - 128);
  CHECK(message.report().steps_size() == 128);
}

TEST_CASE("Whatever a node sends, a report holds no more than its limit") {
  v1::AgentMessage message;
  for (int i = 0; i < 128; ++i) {
    v1::StepStatus& step = *message.mutable_report()->add_steps();
    step.set_detail(std::string(100'000, 'a'));
    for (int line = 0; line < 128; ++line)
      step.mutable_failure()->add_journal(std::string(2000, '\n'));
  }
  message.mutable_report()->add_certificates()->set_file(std::string(1000, 'f'));
  CHECK(bound(message) > 0);
  CHECK(message.ByteSizeLong() <= report_limits.total_bytes + (8 << 10));
  const std::string once = message.SerializeAsString();
  (void)bound(message);
  CHECK(message.SerializeAsString() == once);
}

TEST_CASE("No text of a node holds a control character or a line end") {
  v1::AgentMessage message;
  v1::ClusterReady& ready = *message.mutable_cluster_ready();
  ready.set_api_server("1.2.3.4:6443\"\n  exec: {command: sh}\n---\r");
  ready.set_ca_certificates("bytes\nstay");
  CHECK(bound(message) == 0);
  CHECK(message.cluster_ready().api_server() == "1.2.3.4:6443\"\\n  exec: {command: sh}\\n---\\r");
  CHECK(message.cluster_ready().ca_certificates() == "bytes\nstay");

  v1::AgentMessage logs;
  logs.mutable_log_reply()->add_lines("\x1b]52;c;ZXZpbA==\x07");
  CHECK(bound(logs) == 0);
  CHECK(logs.log_reply().lines(0) == "\\u{1b}]52;c;ZXZpbA==\\u{07}");
}

TEST_CASE("Fields that this version does not know are dropped") {
  v1::AgentMessage message = report_of_an_honest_node();
  message.mutable_report()
      ->GetReflection()
      ->MutableUnknownFields(message.mutable_report())
      ->AddVarint(1023, 1);
  (void)bound(message);
  CHECK(message.report().GetReflection()->GetUnknownFields(message.report()).empty());
}
