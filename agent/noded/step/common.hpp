#pragma once

#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/step/step.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

// What several steps need.
namespace kagent::noded {

inline constexpr char containerd_socket[] = "/run/containerd/containerd.sock";
inline constexpr char containerd_endpoint[] = "unix:///run/containerd/containerd.sock";
inline constexpr char admin_conf[] = "/etc/kubernetes/admin.conf";
inline constexpr char kubelet_conf[] = "/etc/kubernetes/kubelet.conf";
inline constexpr char kubelet_config[] = "/var/lib/kubelet/config.yaml";
inline constexpr char cluster_ca[] = "/etc/kubernetes/pki/ca.crt";

// Whether the step `packages` has yet to bring a program: others then say what they will do with
// it.
bool is_to_come(const Context& context, std::string_view program);

// Docker speaks CRI by cri-dockerd; without one by the dockershim in kubelet, up to
// Kubernetes 1.23.
bool uses_docker(const Context& context);
bool uses_cri_dockerd(const Context& context);
// What must run for it, in the order in which one needs the other.
std::vector<std::string> runtime_units(const Context& context);
// As kubeadm's criSocket; that of dockershim has no scheme (kubeadm's constants).
std::string cri_endpoint(const Context& context);

Outcome succeeded();
Outcome succeeded(const UnitRun& run);
Outcome failed(std::string cause, std::string message, std::string remedy);
// From an Error on the way: "<step>.program-missing", ".disk-full", ".no-systemd", else ".error".
Outcome failed(std::string_view step, const Error& error);
// With the last 20 journal lines of that run.
boost::asio::awaitable<Outcome> unit_failed(UnitRun run, std::string cause, std::string message,
                                            std::string remedy);
// How it ended, and what it printed last to its journal.
boost::asio::awaitable<std::string> why_it_failed(UnitRun run);
// The lines that say why, in one: not those with which kubeadm ends every error.
std::string last_words(const std::vector<std::string>& lines);
// "exit status 1", "time limit reached", ...
std::string how_it_ended(const UnitRun& run);

// "" if it cannot be read; at most 64 MiB.
std::string text_of(const Context& context, std::string_view path);

// What kubeadm and kubelet must be told: nodeIP, or the only address of a node without a default
// route to find one by; "" where they find it themselves.
std::string given_address(const Context& context);
// That which kubeadm advertises: the given one, or where the default route leads out. IPv4, if it
// is not nodeIP; "" if there is none.
std::string own_address(const Context& context);

// A file as it should be.
struct FileWant {
  std::string path;
  std::string content;
  mode_t mode = 0644;
};
bool differs(const Context& context, const FileWant& want);
void need_files(const Context& context, const std::vector<FileWant>& wants, CheckResult& found);
// Those that differ; missing folders are made, 0755 for kagentd to watch them; our own are private.
// The number written.
Result<int> write_files(const Context& context, const std::vector<FileWant>& wants);
Result<> write_in_place(const Context& context, const FileWant& want);

// The steps of a reset do nothing without a ResetOrder: check says what they would do.
void block_without_order(const Context& context, CheckResult& found);
Outcome no_order(std::string_view step);

// "kagent-init.service", "kagent-init-reset.service"
std::string unit_name(std::string_view step, std::string_view what = "");

// Standard output of a short command that changes nothing. Errors: those of Units, and io when the
// command failed, with its unit in parentheses (see journal_remedy) and its last words.
boost::asio::awaitable<Result<std::string>> output_of(ContextPtr context, std::string unit,
                                                      Command::Argv argv,
                                                      std::chrono::seconds limit);

// The same of a program whose answer depends on its own file, `argv` and `input` alone: asked once
// (see Answers).
boost::asio::awaitable<Result<std::string>> answer_of(ContextPtr context, std::string unit,
                                                      Command::Argv argv, std::string input,
                                                      std::chrono::seconds limit);

std::vector<std::string> lines_of(std::string_view text);

}  // namespace kagent::noded
