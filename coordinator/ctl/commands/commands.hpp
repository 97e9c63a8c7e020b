#pragma once

#include "coordinator/ctl/client/client.hpp"
#include "coordinator/ctl/client/exit_code.hpp"
#include "kagent/v1/admin.pb.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

// What each command does, one file each; cli.cpp reads the arguments. Every function prints its
// result on stdout, its errors on stderr, and returns the exit code.
namespace kagent::ctl {

enum class Format { table, wide, json, yaml };

struct StatusOptions {
  bool watch = false;
  Format format = Format::table;
};
ExitCode run_status(const Endpoint& endpoint, const StatusOptions& options);

struct DescribeOptions {
  std::string node;
  Format format = Format::table;
};
ExitCode run_describe(const Endpoint& endpoint, const DescribeOptions& options);

struct LogsOptions {
  std::string node;
  std::string step;         // empty: every step
  std::uint32_t lines = 0;  // 0: the coordinator's default, 200
};
ExitCode run_logs(const Endpoint& endpoint, const LogsOptions& options);

struct WaitOptions {
  std::string condition = "ready";  // a phase, also as phase=NAME
  std::optional<unsigned> nodes;  // at least so many; nothing: all that are enrolled, at least one
  std::chrono::seconds timeout{600};
  bool quiet = false;
};
ExitCode run_wait(const Endpoint& endpoint, const WaitOptions& options);

ExitCode run_timeline(const Endpoint& endpoint);
ExitCode run_user_data(const Endpoint& endpoint, bool with_token);

struct LeaveOptions {
  std::string node;
  bool remove = false;  // not only reset
  bool force = false, rejoin = false;
  bool plan = false;  // only say what would be done
  bool yes = false;   // do not ask
  std::chrono::seconds drain{300};
};
// reset and remove: until it is done.
ExitCode run_leave(const Endpoint& endpoint, const LeaveOptions& options);
ExitCode run_rejoin(const Endpoint& endpoint, const std::string& node);

// Returns as soon as the node has been told.
ExitCode run_retry(const Endpoint& endpoint, const std::string& node);

ExitCode run_certs(const Endpoint& endpoint);

struct ApproveOptions {
  std::string node;  // empty: list who waits
  std::string key;   // its first digits; empty: whichever it is
};
ExitCode run_approve(const Endpoint& endpoint, const ApproveOptions& options);
// `key`: of the machine that is to take its place, its first digits; empty: whichever comes.
ExitCode run_forget(const Endpoint& endpoint, const std::string& node, const std::string& key);

struct TokenOptions {
  std::chrono::seconds lifetime{};
  std::optional<std::uint64_t> uses;
  std::string role;
};
ExitCode run_token_create(const Endpoint& endpoint, const TokenOptions& options);
ExitCode run_token_list(const Endpoint& endpoint);
ExitCode run_token_revoke(const Endpoint& endpoint, const std::string& id);

struct KubeconfigOptions {
  std::string file;                  // empty: stdout
  std::chrono::seconds lifetime{0};  // 0: the coordinator's default, 8 hours
};
ExitCode run_kubeconfig(const Endpoint& endpoint, const KubeconfigOptions& options);

// "-" is stdin.
ExitCode run_config_check(const std::string& file);

ExitCode run_plan(bool json);

struct PrepareImageOptions {
  std::string root = "/";  // an image that is mounted elsewhere
  bool plan = false;       // say what would be taken away
};
ExitCode run_prepare_image(const PrepareImageOptions& options);

// Empty: lists every cause.
ExitCode run_explain(const std::string& cause);

ExitCode run_version();

}  // namespace kagent::ctl
