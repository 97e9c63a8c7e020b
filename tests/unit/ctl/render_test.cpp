#include "coordinator/ctl/render/certs.hpp"
#include "coordinator/ctl/render/describe.hpp"
#include "coordinator/ctl/render/document.hpp"
#include "coordinator/ctl/render/names.hpp"
#include "coordinator/ctl/render/plan.hpp"
#include "coordinator/ctl/render/status.hpp"
#include "coordinator/ctl/render/timeline.hpp"

#include <google/protobuf/util/time_util.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

using namespace kagent;
using namespace kagent::ctl::render;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

const Time now{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

google::protobuf::Timestamp at(Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
      std::chrono::nanoseconds(time.time_since_epoch()).count());
}

v1::StepStatus step(const std::string& name, v1::StepState state, Time from, Time to) {
  v1::StepStatus status;
  status.set_name(name);
  status.set_state(state);
  status.set_attempts(1);
  *status.mutable_started_at() = at(from);
  if (to != Time{}) *status.mutable_finished_at() = at(to);
  return status;
}

v1::Node ready_node() {
  v1::Node node;
  node.set_id("i-1");
  node.set_name("cp");
  node.set_role("control-plane");
  node.set_phase(v1::PHASE_READY);
  node.set_connected(true);
  node.mutable_report()->set_kubelet(v1::UNIT_HEALTH_ACTIVE);
  node.mutable_kubernetes()->set_ready(true);
  node.mutable_kubernetes()->set_kubelet_version("v1.22.4");
  *node.mutable_enrolled_at() = at(now - 30s);
  *node.mutable_last_seen_at() = at(now - 1s);
  return node;
}

v1::Node failed_node() {
  v1::Node node;
  node.set_id("i-2");
  node.set_name("w1");
  node.set_role("worker");
  node.set_phase(v1::PHASE_FAILED);
  node.set_step("join");
  node.set_reason("the token has expired; wait for another");
  *node.mutable_enrolled_at() = at(now - 3min);
  *node.mutable_last_seen_at() = at(now - 42s);
  v1::NodeReport& report = *node.mutable_report();
  report.mutable_facts()->set_os("Debian GNU/Linux 12");
  *report.add_steps() = step("swap", v1::STEP_STATE_DONE, now - 100s, now - 99s);
  v1::StepStatus join = step("join", v1::STEP_STATE_FAILED, now - 60s, now - 20s);
  join.set_unit("kagent-join.service");
  join.set_invocation_id("0123456789abcdef0123456789abcdef");
  join.mutable_failure()->set_cause("join.token-expired");
  join.mutable_failure()->set_message("the token has expired");
  join.mutable_failure()->set_remedy("wait for another");
  join.mutable_failure()->add_journal("error execution phase preflight");
  *report.add_steps() = join;
  return node;
}

}  // namespace

TEST_CASE("Status has a line per node, and a reason where something is wrong") {
  CHECK(status_table({ready_node(), failed_node()}, now, false, {}) ==
        "NODE  ROLE           PHASE   STEP  KUBELET  READY  VERSION  AGE  LAST SEEN\n"
        "cp    control-plane  ready   -     active   True   v1.22.4  30s  now\n"
        "w1    worker         failed  join  -        -      -        3m   42s ago\n"
        "  REASON: the token has expired; wait for another\n");
}

TEST_CASE("Status -o wide adds where the node runs") {
  const std::string wide = status_table({failed_node()}, now, true, {});
  CHECK_THAT(wide, ContainsSubstring("KERNEL"));
  CHECK_THAT(wide, ContainsSubstring("Debian GNU/Linux 12"));
}

TEST_CASE("A change is one line with its reason") {
  CHECK(change_line(failed_node(), now) ==
        "08:00:00 w1 worker failed join: the token has expired; wait for another");
  CHECK(summary({ready_node(), failed_node()}) == "2 nodes: 1 ready, 1 failed");
}

TEST_CASE("Describe shows steps with their times, and a failure with remedy and journal") {
  const std::string text = describe(failed_node(), now, {});
  for (const char* part :
       {"Name:           w1\n", "Phase:          failed\n", "Session:        not connected\n",
        "OS:             Debian GNU/Linux 12\n", "swap  done    1         07:58:20  1.00s\n",
        "kagent-join.service", "Failure of join\n", "Cause:          join.token-expired\n",
        "Remedy:         wait for another\n", "  error execution phase preflight\n",
        "not a Node of the cluster yet"})
    CHECK_THAT(text, ContainsSubstring(part));
}

TEST_CASE("The timeline draws every step on one scale") {
  CHECK(timeline({}, now, {}) == "no step has started yet\n");
  const std::string text = timeline({failed_node()}, now, {});
  CHECK_THAT(text, ContainsSubstring("w1    swap  07:58:20  1.00s  =\n"));
  CHECK_THAT(text, ContainsSubstring(std::string(26, ' ') + "join  ") ||
                       ContainsSubstring("      join  07:59:00  40.0s  " + std::string(25, ' ')));
  v1::Node running = ready_node();
  *running.mutable_report()->add_steps() = step("init", v1::STEP_STATE_RUNNING, now - 10s, Time{});
  CHECK_THAT(timeline({running}, now, {}), ContainsSubstring("=>\n"));
}

TEST_CASE("The plan shows what each step would change, and counts the steps that would") {
  CHECK(
      plan({{"swap", "needed", {"turn off /dev/sda2", "edit /etc/fstab"}}, {"sysctl", "done", {}}},
           {}) ==
      "STEP    STATE   WHAT WOULD CHANGE\n"
      "swap    needed  turn off /dev/sda2\n"
      "                edit /etc/fstab\n"
      "sysctl  done\n"
      "1 step would change something.\n");
  CHECK_THAT(plan({{"sysctl", "done", {}}}, {}), ContainsSubstring("Nothing would change.\n"));
}

TEST_CASE("JSON and YAML are the message in its proto3 JSON form, with every field") {
  v1::ListNodesResponse list;
  *list.add_nodes() = ready_node();
  list.mutable_nodes(0)->set_reason("true");
  const auto parsed = nlohmann::json::parse(json(list));
  CHECK(parsed["nodes"][0]["phase"] == "PHASE_READY");
  CHECK(parsed["nodes"][0]["initLease"] == false);
  CHECK(parsed["nodes"][0]["kubernetes"]["ready"] == true);
  const std::string text = yaml(list);
  CHECK_THAT(text, ContainsSubstring("  - id: \"i-1\"\n"));
  CHECK_THAT(text, ContainsSubstring("reason: \"true\"\n"));  // stays a string
  CHECK_THAT(text, ContainsSubstring("connected: true\n"));
}

TEST_CASE("Phases have the names that wait takes") {
  CHECK(phase_name(v1::PHASE_NOT_READY) == "not-ready");
  CHECK(phase_from("not-ready") == v1::PHASE_NOT_READY);
  CHECK_FALSE(phase_from("NOT_READY"));
  CHECK_FALSE(phase_from("unknown"));
  CHECK(phase_name(static_cast<v1::Phase>(99)) == "unknown");
  CHECK(health_name(v1::UNIT_HEALTH_MASKED) == "masked");
}

TEST_CASE("Certificates that expire soon are warned of, each with a remedy") {
  v1::ListCertificatesResponse answer;
  *answer.mutable_now() = at(now);
  const auto add = [&](const std::string& file, Time issued, Time expires, Time renewal) {
    v1::Certificate& certificate = *answer.add_certificates();
    certificate.set_holder("i-1");
    certificate.set_subject("kube");
    certificate.set_use("client");
    certificate.set_file(file);
    *certificate.mutable_issued_at() = at(issued);
    *certificate.mutable_expires_at() = at(expires);
    if (renewal != Time()) *certificate.mutable_renewal_at() = at(renewal);
  };
  add("", now - 13h, now + 11h, now - 1h);
  add("/etc/kubernetes/pki/a.crt", now - 24h * 300, now + 24h * 65, {});
  CHECK_THAT(certificates(answer, {}), !ContainsSubstring("warning"));
  CHECK_THAT(certificates(answer, {}), ContainsSubstring("/etc/kubernetes/pki/a.crt"));

  add("/etc/kubernetes/pki/b\x1b.crt", now - 24h * 340, now + 24h * 25, {});
  add("/etc/kubernetes/admin.conf", now - 24h * 366, now - 24h, {});
  add("/var/lib/kubelet/pki/kubelet-client-current.pem", now - 24h * 300, now + 24h * 20,
      now - 24h * 40);
  const std::string text = certificates(answer, {});
  CHECK_THAT(text,
             ContainsSubstring("warning: /etc/kubernetes/pki/b\\u{1b}.crt of i-1 expires in 25d; "
                               "run `kubeadm certs renew all`"));
  CHECK_THAT(text, ContainsSubstring(
                       "warning: /etc/kubernetes/admin.conf of i-1 has expired; run `kubeadm"));
  CHECK_THAT(text, ContainsSubstring(
                       "client-current.pem of i-1 expires in 20d; kubelet should have renewed it"));
  CHECK_THAT(text, !ContainsSubstring("a.crt of"));
}
