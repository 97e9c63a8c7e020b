#include "coordinator/ctl/render/describe.hpp"

#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/render/names.hpp"

#include <fmt/format.h>

namespace kagent::ctl::render {
namespace {

class Sheet {
 public:
  explicit Sheet(const Look& look) : look_(look) {}

  void title(std::string_view text) { out_ += "\n" + styled(text, Style::bold, look_) + "\n"; }
  void field(std::string_view name, std::string_view value, Style style = Style::plain) {
    if (value.empty()) return;
    constexpr std::size_t width = 16;
    out_ += std::string(name) + ":";
    out_.append(name.size() + 1 < width ? width - name.size() - 1 : 1, ' ');
    out_ += styled(printable(value), style, look_) + "\n";
  }
  void line(std::string_view text) { out_ += std::string(text) + "\n"; }
  void block(std::string text) { out_ += std::move(text); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  const Look& look_;
  std::string out_;
};

std::string moment(const google::protobuf::Timestamp& at, Time now) {
  const auto time = time_of(at);
  return time ? date_time(*time) + " (" + age(now, *time) + " ago)" : std::string();
}

void put_facts(Sheet& sheet, const v1::NodeFacts& facts) {
  sheet.field("Address", facts.address());
  sheet.field("Instance", facts.instance_id());
  sheet.field("Instance type", facts.instance_type());
  sheet.field("Zone", facts.availability_zone());
  sheet.field("OS", facts.os());
  sheet.field("Kernel", facts.kernel());
  if (facts.cpus() != 0) sheet.field("CPUs", std::to_string(facts.cpus()));
  if (facts.memory_bytes() != 0)
    sheet.field("Memory", fmt::format("{} MiB", facts.memory_bytes() >> 20));
  sheet.field("Machine id", facts.machine_id());
  sheet.field("Boot id", facts.boot_id());
  sheet.field("Agent", facts.agent_version());
}

void put_head(Sheet& sheet, const v1::Node& node, Time now) {
  sheet.field("Name", node.name());
  sheet.field("Id", node.id());
  sheet.field("Role", node.role() + (node.init_lease() ? " (holds the init lease)" : ""));
  sheet.field("Phase", phase_name(node.phase()), style_of(node.phase()));
  sheet.field("Step", node.step());
  sheet.field("Reason", node.reason(), Style::bad);
  sheet.field("Session", node.connected() ? "connected" : "not connected",
              node.connected() ? Style::good : Style::bad);
  if (node.has_rival())
    sheet.field("Rival",
                node.rival().address() + ", key " + node.rival().key_sha256().substr(0, 16),
                Style::bad);
  sheet.field("Enrolled", moment(node.enrolled_at(), now));
  sheet.field("Last seen", moment(node.last_seen_at(), now));
  sheet.field("Kubelet", health_name(node.report().kubelet()), style_of(node.report().kubelet()));
  if (const auto end = time_of(node.report().kubelet_certificate_expires_at()))
    sheet.field("Kubelet's certificate",
                "until " + date_time(*end) + (*end < now ? " (expired)" : ""),
                *end < now ? Style::bad : Style::plain);
  sheet.field("Runtime", health_name(node.report().runtime()), style_of(node.report().runtime()));
  put_facts(sheet, node.report().facts());
}

void put_kubernetes(Sheet& sheet, const v1::Node& node) {
  sheet.title("Kubernetes");
  if (!node.has_kubernetes()) return sheet.line("not a Node of the cluster yet");
  const v1::KubernetesNode& kubernetes = node.kubernetes();
  sheet.field("Ready", kubernetes.ready() ? "True" : "False",
              kubernetes.ready() ? Style::good : Style::bad);
  sheet.field("Reason", kubernetes.reason());
  sheet.field("Message", kubernetes.message());
  sheet.field("Kubelet", kubernetes.kubelet_version());
  sheet.field("Pod CIDR", kubernetes.pod_cidr());
}

std::string took_of(const v1::StepStatus& step, Time now) {
  const auto started = time_of(step.started_at());
  if (!started) return "";
  const auto finished = time_of(step.finished_at());
  const bool over = finished && *finished >= *started;
  if (!over && step.state() == v1::STEP_STATE_WAITING) return "";
  return took(std::chrono::duration_cast<std::chrono::milliseconds>((over ? *finished : now) -
                                                                    *started)) +
         (over ? "" : "…");
}

std::string detail_of(const v1::StepStatus& step, Time now) {
  const auto next = time_of(step.next_attempt_at());
  if (step.state() == v1::STEP_STATE_RETRYING && next)
    return next > now ? "retries in " + age(*next, now) : "retries now";
  if (!step.drift().empty()) return "drift: " + printable(step.drift());
  return printable(step.detail());
}

void put_steps(Sheet& sheet, const v1::NodeReport& report, Time now, const Look& look) {
  sheet.title("Steps");
  Table table({"STEP", "STATE", "ATTEMPTS", "STARTED", "TOOK", "UNIT", "DETAIL"});
  for (const v1::StepStatus& step : report.steps()) {
    const auto started = time_of(step.started_at());
    table.row({{printable(step.name())},
               {step_state_name(step.state()), style_of(step.state())},
               {step.attempts() == 0 ? "" : std::to_string(step.attempts())},
               {started ? time_of_day(*started) : ""},
               {took_of(step, now)},
               {printable(step.unit())},
               {detail_of(step, now)}});
  }
  sheet.block(table.text(look));
}

void put_failure(Sheet& sheet, const v1::StepStatus& step) {
  const v1::Failure& failure = step.failure();
  sheet.title("Failure of " + printable(step.name()));
  sheet.field("Cause", failure.cause(), Style::bad);
  sheet.field("Message", failure.message());
  sheet.field("Remedy", failure.remedy());
  sheet.field("Unit", step.unit());
  sheet.field("Invocation", step.invocation_id());
  if (failure.journal().empty()) return;
  sheet.line("Journal:");
  for (const std::string& line : failure.journal()) sheet.line("  " + printable(line));
}

}  // namespace

std::string describe(const v1::Node& node, Time now, const Look& look) {
  Sheet sheet(look);
  put_head(sheet, node, now);
  put_kubernetes(sheet, node);
  if (node.report().steps().empty()) return sheet.take();
  put_steps(sheet, node.report(), now, look);
  for (const v1::StepStatus& step : node.report().steps())
    if (step.has_failure()) put_failure(sheet, step);
  return sheet.take();
}

}  // namespace kagent::ctl::render
