#include "coordinator/ctl/cli.hpp"

#include "coordinator/ctl/commands/commands.hpp"

#include <grpc/support/log.h>
#include <CLI/CLI.hpp>

#include <cctype>
#include <iostream>
#include <map>
#include <optional>

namespace kagent::ctl {
namespace {

constexpr char footer[] =
    "Exit status: 0 ok, 1 failed, 2 wrong input, 3 not reachable, 4 timed out, 5 no such node, "
    "6 not allowed.";

// "90", "90s", "10m", "1h30m": seconds.
std::optional<std::chrono::seconds> duration_from(const std::string& text) {
  std::int64_t total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t digits = 0;
    std::int64_t number = 0;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
      number = number * 10 + (text[at] - '0');
      if (++digits > 8) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    const char unit = at < text.size() ? text[at++] : 's';
    if (unit != 's' && unit != 'm' && unit != 'h') return std::nullopt;
    total += number * (unit == 's' ? 1 : unit == 'm' ? 60 : 3600);
  }
  return text.empty() ? std::nullopt : std::optional(std::chrono::seconds(total));
}

std::string is_duration(const std::string& text) {
  return duration_from(text) ? std::string() : text + " is no duration (90s, 10m, 1h30m)";
}

// The arguments of every command, and the one that was asked for.
class CommandLine {
 public:
  CommandLine();
  int run(int argc, char** argv);

 private:
  // A command: when it is the one, `work` runs after all arguments are read.
  template <class Work>
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& help, Work work) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->fallthrough();
    sub->callback([this, work] { work_ = work; });
    return sub;
  }
  void add_global();
  void add_status();
  void add_node_commands();
  void add_wait();
  void add_config();
  void add_leave(const std::string& name, const std::string& help, bool remove);
  void add_admission();
  void add_token();
  void add_kubeconfig();
  void add_rest();
  void add_format(CLI::App& sub, Format& format, bool wide);

  CLI::App app_{"Shows what every kagent node is doing, and why it is not further.", "kagentctl"};
  Endpoint endpoint_;
  StatusOptions status_;
  DescribeOptions describe_;
  LogsOptions logs_;
  WaitOptions wait_;
  unsigned wait_nodes_ = 0;
  std::string wait_timeout_ = "10m";
  std::string config_file_;
  LeaveOptions leave_;
  std::string leave_timeout_ = "5m";
  ApproveOptions approve_;
  TokenOptions token_;
  std::string token_ttl_ = "24h", token_id_;
  std::uint64_t token_uses_ = 0;
  KubeconfigOptions kubeconfig_;
  std::string kubeconfig_lifetime_ = "8h";
  bool no_token_ = false;
  bool plan_json_ = false;
  PrepareImageOptions image_;
  std::string cause_;
  std::function<int()> work_;
};

CommandLine::CommandLine() {
  app_.require_subcommand(1);
  app_.footer(footer);
  add_global();
  add_status();
  add_node_commands();
  add_wait();
  add_config();
  add_leave("reset", "drains a node and undoes on it what kagent has done", false);
  add_leave("remove", "resets a node for good, and forgets it", true);
  auto* retry = command(app_, "retry", "tries now what has failed on a node",
                        [this] { return run_retry(endpoint_, leave_.node); });
  retry->add_option("NODE", leave_.node, "name or id")->required();
  auto* rejoin = command(app_, "rejoin", "lets a node that was reset or removed come back",
                         [this] { return run_rejoin(endpoint_, leave_.node); });
  rejoin->add_option("NODE", leave_.node, "name or id; a removed one's id")->required();
  add_admission();
  add_token();
  add_kubeconfig();
  add_rest();
}

void CommandLine::add_token() {
  CLI::App* token = app_.add_subcommand("token", "enrolment tokens beside the one of user-data");
  token->require_subcommand(1);
  token->fallthrough();
  auto* create = command(*token, "create", "prints a user-data line with a token of its own",
                         [this] { return run_token_create(endpoint_, token_); });
  create->add_option("--ttl", token_ttl_, "as 90m, 24h; at most 8760h")
      ->capture_default_str()
      ->check(is_duration);
  auto* uses = create->add_option("--uses", token_uses_, "for so many nodes; default: any number")
                   ->check(CLI::PositiveNumber);
  create->add_option("--role", token_.role, "what its nodes are: auto, worker or control-plane")
      ->check(CLI::IsMember({"auto", "worker", "control-plane"}));
  create->parse_complete_callback([this, uses] {
    if (uses->count() > 0) token_.uses = token_uses_;
    if (const auto lifetime = duration_from(token_ttl_)) token_.lifetime = *lifetime;
  });
  command(*token, "list", "their ids, never the tokens",
          [this] { return run_token_list(endpoint_); });
  auto* revoke =
      command(*token, "revoke", "is taken no longer; user-data's: another takes its place",
              [this] { return run_token_revoke(endpoint_, token_id_); });
  revoke->add_option("ID", token_id_, "as `token list` shows it")->required();
}

void CommandLine::add_admission() {
  auto* approve = command(app_, "approve", "lets a node in that waits for it; lists those that do",
                          [this] { return run_approve(endpoint_, approve_); });
  approve->add_option("NODE", approve_.node, "its id; default: list");
  approve->add_option("--key", approve_.key, "first 8 digits or more of its key");
  auto* forget =
      command(app_, "forget", "unbinds a node from its key: it has lost it, or a thief has it",
              [this] { return run_forget(endpoint_, leave_.node, approve_.key); });
  forget->add_option("NODE", leave_.node, "name or id")->required();
  forget->add_option("--key", approve_.key,
                     "first 8 digits or more of the key of the machine that is to take its place");
}

void CommandLine::add_global() {
  app_.add_option("--coordinator", endpoint_.coordinator,
                  "admin socket, kagent://HOST:PORT/sha256:HEX, or HOST:PORT with --ca")
      ->envname("KAGENT_COORDINATOR")
      ->capture_default_str();
  app_.add_option("--cert", endpoint_.certificate, "admin certificate, PEM file")
      ->envname("KAGENT_CERT");
  app_.add_option("--key", endpoint_.key, "its key, PEM file")->envname("KAGENT_KEY");
  app_.add_option("--ca", endpoint_.ca, "the coordinator's CA, PEM file")->envname("KAGENT_CA");
}

void CommandLine::add_format(CLI::App& sub, Format& format, bool wide) {
  std::map<std::string, Format> formats{{"json", Format::json}, {"yaml", Format::yaml}};
  if (wide) formats.emplace("wide", Format::wide);
  sub.add_option("-o,--output", format, wide ? "wide, json or yaml" : "json or yaml")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->type_name("FORMAT");
}

void CommandLine::add_status() {
  auto* sub = command(app_, "status", "a line for every node",
                      [this] { return run_status(endpoint_, status_); });
  sub->add_flag("-w,--watch", status_.watch, "go on: in place on a terminal, else a line a change");
  add_format(*sub, status_.format, true);
}

void CommandLine::add_node_commands() {
  auto* describe = command(app_, "describe", "all that is known of one node",
                           [this] { return run_describe(endpoint_, describe_); });
  describe->add_option("NODE", describe_.node, "name or id")->required();
  add_format(*describe, describe_.format, false);
  auto* logs = command(app_, "logs", "journal lines of a node's steps",
                       [this] { return run_logs(endpoint_, logs_); });
  logs->add_option("NODE", logs_.node, "name or id")->required();
  logs->add_option("STEP", logs_.step, "one step; default: all");
  logs->add_option("-n,--lines", logs_.lines, "at most so many, the last ones; default 200");
}

void CommandLine::add_wait() {
  auto* sub = command(app_, "wait", "until nodes are ready, or in another phase",
                      [this] { return run_wait(endpoint_, wait_); });
  sub->add_option("--for", wait_.condition, "ready, or phase=PHASE")->capture_default_str();
  auto* nodes = sub->add_option("--nodes", wait_nodes_,
                                "at least so many nodes; default: all that are enrolled")
                    ->check(CLI::PositiveNumber);
  sub->add_option("--timeout", wait_timeout_, "as 90s, 10m, 1h30m")
      ->capture_default_str()
      ->check(is_duration);
  sub->add_flag("-q,--quiet", wait_.quiet, "no progress on stderr");
  sub->parse_complete_callback([this, nodes] {
    if (nodes->count() > 0) wait_.nodes = wait_nodes_;
    if (const auto timeout = duration_from(wait_timeout_)) wait_.timeout = *timeout;
  });
}

void CommandLine::add_config() {
  CLI::App* config = app_.add_subcommand("config", "NodeConfig and ClusterConfig");
  config->require_subcommand(1);
  auto* check = command(*config, "check", "what is wrong with a document, with line and column",
                        [this] { return run_config_check(config_file_); });
  check->add_option("FILE", config_file_, "either kind; - for stdin")->required();
}

void CommandLine::add_leave(const std::string& name, const std::string& help, bool remove) {
  auto* sub = command(app_, name, help, [this] { return run_leave(endpoint_, leave_); });
  sub->add_option("NODE", leave_.node, "name or id")->required();
  sub->add_flag("--plan", leave_.plan, "only say what would be done");
  sub->add_option("--timeout", leave_timeout_, "of the drain, as 90s, 10m; then it is given up")
      ->capture_default_str()
      ->check(is_duration);
  sub->add_flag("--force", leave_.force,
                remove ? "also a node that is lost, and whatever cannot be drained"
                       : "whatever cannot be drained goes down with it");
  if (!remove) sub->add_flag("--rejoin", leave_.rejoin, "it comes back at once");
  sub->add_flag("-y,--yes", leave_.yes, "do not ask");
  sub->parse_complete_callback([this, remove] {
    leave_.remove = remove;
    if (const auto timeout = duration_from(leave_timeout_)) leave_.drain = *timeout;
  });
}

void CommandLine::add_kubeconfig() {
  auto* sub = command(app_, "kubeconfig", "for kubectl: an administrator's, for some hours",
                      [this] { return run_kubeconfig(endpoint_, kubeconfig_); });
  sub->add_option("-o,--output", kubeconfig_.file, "a new file, mode 0600; default: stdout")
      ->type_name("FILE");
  sub->add_option("--lifetime", kubeconfig_lifetime_, "as 90m, 8h; at most 168h")
      ->capture_default_str()
      ->check(is_duration);
  sub->parse_complete_callback([this] {
    if (const auto lifetime = duration_from(kubeconfig_lifetime_)) kubeconfig_.lifetime = *lifetime;
  });
}

void CommandLine::add_rest() {
  command(app_, "certs", "which certificates there are, and until when",
          [this] { return run_certs(endpoint_); });
  command(app_, "timeline", "when each step of each node started and ended",
          [this] { return run_timeline(endpoint_); });
  auto* user_data = command(app_, "user-data", "the line that nodes are launched with",
                            [this] { return run_user_data(endpoint_, !no_token_); });
  user_data->add_flag("--no-token", no_token_, "without the enrolment token, which is a secret");
  auto* plan = command(app_, "plan", "on a node: what each step would change",
                       [this] { return run_plan(plan_json_); });
  plan->add_flag("--json", plan_json_, "for programs");
  auto* image =
      command(app_, "prepare-image", "take away what no image may carry: ids, keys, state, logs",
              [this] { return run_prepare_image(image_); });
  image->add_flag("--plan", image_.plan, "only say what would be taken away");
  image->add_option("--root", image_.root, "an image mounted there, instead of this machine")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  auto* explain = command(app_, "explain", "what a cause means, and what to do about it",
                          [this] { return run_explain(cause_); });
  explain->add_option("CAUSE", cause_, "as status shows it; default: lists all");
  command(app_, "version", "the version of kagentctl", [] { return run_version(); });
}

int CommandLine::run(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? exit_ok : exit_usage;
  }
  return work_();
}

}  // namespace

int run(int argc, char** argv) {
  // gRPC prints its own errors on stderr; ours say it better.
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function([](gpr_log_func_args*) {});
  return CommandLine().run(argc, argv);
}

}  // namespace kagent::ctl
