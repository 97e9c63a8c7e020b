#include "coordinator/server/site_content.hpp"

#include "agent/common/base/version.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace kagent::coordinator {
namespace {

using std::chrono::system_clock;

std::int64_t milliseconds(system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

nlohmann::json to_json(const Registry& registry, const Node& node) {
  const Status status = registry.status(node);
  std::size_t steps = 0;
  std::size_t done = 0;
  if (node.report) {
    steps = node.report->steps.size();
    done = static_cast<std::size_t>(
        std::ranges::count(node.report->steps, StepState::done, &StepReport::state));
  }
  const KubernetesState* kubernetes = registry.kubernetes(node);
  nlohmann::json json;
  json["id"] = node.record.id;
  json["name"] = node.record.name.empty() ? node.record.id : node.record.name;
  json["role"] = to_string(node.record.role);
  json["phase"] = to_string(status.phase);
  json["step"] = status.step;
  json["reason"] = status.reason;
  json["steps"] = steps;
  json["done"] = done;
  json["kubelet"] = kubernetes == nullptr ? "" : kubernetes->kubelet_version;
  json["connected"] = node.connected;
  json["last_seen_ms"] = milliseconds(node.record.last_seen_at);
  return json;
}

std::string process_metrics(bool active) {
  return fmt::format(
      "# HELP kagent_build_info The version, as a label.\n# TYPE kagent_build_info gauge\n"
      "kagent_build_info{{version=\"{}\",protocol=\"{}\"}} 1\n"
      "# HELP kagent_active 0 while another coordinator is active.\n"
      "# TYPE kagent_active gauge\nkagent_active {}\n",
      version, protocol_version, active ? 1 : 0);
}

class StandbyContent final : public SiteContent {
 public:
  [[nodiscard]] bool ready() const override { return false; }
  [[nodiscard]] std::string metrics() const override { return process_metrics(false); }
  [[nodiscard]] std::string nodes_json() const override {
    nlohmann::json json;
    json["cluster_id"] = json["api_server"] = "";
    json["now_ms"] = milliseconds(system_clock::now());
    json["nodes"] = nlohmann::json::array();
    return json.dump();
  }
};

class Content final : public SiteContent {
 public:
  Content(const Coordinator& coordinator, std::string cluster_id)
      : coordinator_(coordinator), cluster_id_(std::move(cluster_id)) {}

  [[nodiscard]] bool ready() const override { return coordinator_.serving(); }
  [[nodiscard]] std::string metrics() const override;
  [[nodiscard]] std::string nodes_json() const override;

 private:
  const Coordinator& coordinator_;
  std::string cluster_id_;
};

std::string Content::nodes_json() const {
  const Registry& registry = coordinator_.registry();
  nlohmann::json json;
  json["cluster_id"] = cluster_id_;
  json["api_server"] = registry.cluster().api_server;
  json["now_ms"] = milliseconds(system_clock::now());
  json["nodes"] = nlohmann::json::array();
  for (const auto& node : registry.nodes()) json["nodes"].push_back(to_json(registry, *node));
  // Nodes may send invalid UTF-8, which is replaced.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Content::metrics() const {
  const Registry& registry = coordinator_.registry();
  std::array<std::size_t, phase_count> phases{};
  for (const auto& node : registry.nodes())
    ++phases.at(static_cast<std::size_t>(registry.status(*node).phase));
  const Enrolments::Counts& enrolments = coordinator_.enrolments().counts();

  std::string text = process_metrics(true);
  const auto head = [&text](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  };
  const auto value = [&](std::string_view name, std::string_view type, std::string_view help,
                         auto number) {
    head(name, type, help);
    fmt::format_to(std::back_inserter(text), "{} {}\n", name, number);
  };
  head("kagent_nodes", "gauge", "Nodes by phase.");
  for (std::size_t i = 0; i < phase_count; ++i)
    fmt::format_to(std::back_inserter(text), "kagent_nodes{{phase=\"{}\"}} {}\n",
                   to_string(static_cast<Phase>(i)), phases.at(i));
  value("kagent_sessions", "gauge", "Nodes connected now.", coordinator_.sessions().size());
  value("kagent_connections", "gauge", "Connections to the gRPC port.",
        coordinator_.connections().open());
  value("kagent_connections_turned_away_total", "counter",
        "Connections refused because of a limit.", coordinator_.connections().turned_away());
  value("kagent_sessions_opened_total", "counter", "Sessions begun.",
        coordinator_.reception().sessions_opened());
  value("kagent_messages_cut_total", "counter",
        "Messages of nodes of which parts were beyond the limits.",
        coordinator_.reception().messages_cut());
  value("kagent_sessions_refused_total", "counter", "Sessions refused.",
        coordinator_.gate().refused());
  value("kagent_administration_refused_total", "counter", "Administrative calls refused.",
        coordinator_.administration().refused());
  head("kagent_enrolments_total", "counter", "Answers to Enroll.");
  fmt::format_to(std::back_inserter(text), "kagent_enrolments_total{{result=\"accepted\"}} {}\n",
                 enrolments.accepted);
  fmt::format_to(std::back_inserter(text), "kagent_enrolments_total{{result=\"refused\"}} {}\n",
                 enrolments.refused);
  head("kagent_enrolments_throttled_total", "counter",
       "Refused enrolments that were not checked because of a rate limit.");
  fmt::format_to(std::back_inserter(text), "kagent_enrolments_throttled_total {}\n",
                 enrolments.throttled);
  value("kagent_grants_total", "counter", "Join grants sent.",
        coordinator_.postman().grants_sent());
  value("kagent_mint_requests_total", "counter", "Bootstrap tokens asked for.",
        coordinator_.postman().mints_requested());
  value("kagent_store_commits_total", "counter", "Transactions committed.",
        coordinator_.group_commit().commits());
  value("kagent_cluster_initialized", "gauge", "1 once kubeadm init is done.",
        registry.cluster().initialized() ? 1 : 0);
  return text;
}

}  // namespace

std::unique_ptr<SiteContent> make_site_content(const Coordinator& coordinator,
                                               std::string cluster_id) {
  return std::make_unique<Content>(coordinator, std::move(cluster_id));
}

std::unique_ptr<SiteContent> make_standby_content() {
  return std::make_unique<StandbyContent>();
}

}  // namespace kagent::coordinator
