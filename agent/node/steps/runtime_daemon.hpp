#pragma once

#include "agent/node/steps/common.hpp"

#include <memory>
#include <string>
#include <vector>

namespace kagent::node {

// A service that belongs to the container runtime: its files are written, it is enabled, restarted
// only if they changed, and asked whether it answers.
class RuntimeDaemon {
 public:
  explicit RuntimeDaemon(std::string name) : name_(std::move(name)) {}
  virtual ~RuntimeDaemon() = default;

  // Adds to `found`. Errors: those of Units, io.
  boost::asio::awaitable<Result<>> check(ContextPtr context, CheckResult& found);
  boost::asio::awaitable<Outcome> apply(ContextPtr context);

 protected:
  // Errors: invalid_argument, where a person's text is wrong: it says which and where.
  virtual boost::asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) = 0;
  // By a call of its own, not by its process. Errors: Units'.
  virtual boost::asio::awaitable<Result<bool>> answers(ContextPtr context) = 0;

 private:
  [[nodiscard]] std::string unit() const { return name_ + ".service"; }
  // Written before the files, removed after the restart: a crash in between is seen.
  [[nodiscard]] std::string restart_mark() const;
  boost::asio::awaitable<Result<bool>> write(ContextPtr context);
  boost::asio::awaitable<Outcome> restart(ContextPtr context, bool changed, UnitState state);

  std::string name_;
};

// What was at `path` before us, "" if nothing was.
std::string original_text(const Context& context, const std::string& path);
inline constexpr std::string_view made_by_kagent = "# Made by kagent";

std::unique_ptr<RuntimeDaemon> make_containerd();
std::unique_ptr<RuntimeDaemon> make_docker();
std::unique_ptr<RuntimeDaemon> make_cri_dockerd();

// What kubeadm and the ClusterConfig agree on for sandboxes.
boost::asio::awaitable<Result<std::string>> sandbox_image(ContextPtr context);
// Whether a CRI socket's owner answers, not only whether a process is there. Errors: Units'.
boost::asio::awaitable<Result<bool>> cri_answers(ContextPtr context, std::string endpoint);

}  // namespace kagent::node
