#include "agent/common/config/node_config.hpp"

#include "agent/common/base/text.hpp"
#include "agent/common/config/rules.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/config/yaml.hpp"

#include <algorithm>
#include <array>

namespace kagent::config {
namespace {

constexpr std::size_t max_user_data = 16 * 1024;

class Validation {
 public:
  Validation(v1::NodeConfig& config, const Places& places, Problems& problems)
      : config_(config), places_(places), problems_(problems) {}

  void run() {
    coordinator();
    one_of("role", *config_.mutable_role(), {"auto", "control-plane", "worker"});
    one_of("hostname", *config_.mutable_hostname(), {"auto", "keep", "private-dns", "instance-id"});
    if (!config_.node_ip().empty()) complain("nodeIP", check_ip(config_.node_ip()));
    for (const auto& [key, value] : config_.labels())
      complain("labels." + key, check_label(key, value));
    for (int i = 0; i < config_.taints_size(); ++i)
      complain("taints[" + std::to_string(i) + "]", check_taint(config_.taints(i)));
    for (const auto& [flag, value] : config_.kubelet_extra_args())
      complain("kubeletExtraArgs." + flag, check_flag(flag, value));
  }

 private:
  void complain(const std::string& field, const Complaint& complaint) {
    if (!complaint) return;
    const auto place = places_.find(field);
    problems_.add(place == places_.end() ? Place{} : place->second, field, *complaint);
  }

  void one_of(const std::string& field, std::string& value,
              std::initializer_list<std::string_view> allowed) {
    if (value.empty()) value = *allowed.begin();
    if (std::ranges::find(allowed, value) != allowed.end()) return;
    std::string text = "expected one of";
    for (const auto one : allowed) text.append(" ").append(one);
    complain(field, text);
  }

  void coordinator() {
    if (config_.coordinator().empty())
      return complain("coordinator", "is missing: the line that kagentctl user-data prints");
    const auto url = parse_coordinator_url(config_.coordinator());
    if (!url) return complain("coordinator", url.error().message());
    if (url->token.empty()) return;
    if (!config_.token().empty() && config_.token() != url->token)
      return complain("token", "differs from the token in the coordinator's URL");
    config_.set_token(url->token);
  }

  v1::NodeConfig& config_;
  const Places& places_;
  Problems& problems_;
};

Result<v1::NodeConfig> from_yaml(std::string_view yaml, std::string_view source) {
  v1::NodeConfig config;
  Places places;
  Problems problems(source);
  if (read_yaml(yaml, config, places, problems)) {
    if (config.api_version() != "kagent.io/v1")
      problems.add(places["apiVersion"], "apiVersion", "expected kagent.io/v1");
    Validation(config, places, problems).run();
  }
  if (!problems.empty()) return problems.error();
  return config;
}

Result<v1::NodeConfig> from_url(std::string_view line, std::string_view source) {
  v1::NodeConfig config;
  config.set_api_version("kagent.io/v1");
  config.set_kind("NodeConfig");
  config.set_coordinator(std::string(line));
  Problems problems(source);
  Places places{{"coordinator", {1, 1}}};
  Validation(config, places, problems).run();
  if (!problems.empty()) return problems.error();
  return config;
}

// A YAML document names its kind on a line of its own at the top level.
bool says_node_config(std::string_view text) {
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    std::string_view line = text.substr(from, end - from);
    from = end + 1;
    if (!line.starts_with("kind:")) continue;
    line = trimmed(line.substr(5));
    line = line.substr(0, line.find_first_of(" #"));
    if (line == "NodeConfig" || line == "\"NodeConfig\"" || line == "'NodeConfig'") return true;
  }
  return false;
}

Result<v1::NodeConfig> from_text(std::string_view text, std::string_view source) {
  const std::string_view line = trimmed(text);
  if (line.starts_with("kagent:")) return from_url(line, source);
  if (says_node_config(text)) return from_yaml(text, source);
  if (text.find("kagent.io/") != std::string_view::npos)
    return Error(Errc::invalid_argument,
                 std::string(source) + ": kind: expected a line \"kind: NodeConfig\"");
  return Error(
      Errc::not_found,
      std::string(source) + ": not meant for kagent: neither a kagent:// line nor a NodeConfig");
}

}  // namespace

Result<v1::NodeConfig> parse_user_data(std::string_view bytes, std::string_view source) {
  if (bytes.size() > max_user_data)
    return Error(Errc::resource_exhausted, std::string(source) + ": larger than 16 KiB");
  auto text = unwrap(bytes);
  if (!text) return text.error().context(source);
  if (trimmed(*text).empty()) return Error(Errc::not_found, std::string(source) + ": is empty");
  if (!is_mime(*text)) return from_text(*text, source);
  auto part = kagent_part(*text);
  if (!part) return part.error().context(source);
  auto unwrapped = unwrap(*part);
  if (!unwrapped) return unwrapped.error().context(source);
  return from_text(*unwrapped, source);
}

}  // namespace kagent::config
