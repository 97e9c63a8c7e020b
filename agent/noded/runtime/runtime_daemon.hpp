#pragma once

#include "agent/noded/step/files.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kagent::noded {

// What a daemon says when it is asked.
enum class Answer {
  none,
  other_cgroups,  // it runs containers' control groups by another driver than systemd
  well,
};

// A service that belongs to the container runtime: its files are written, it is enabled, restarted
// only if they changed, and asked whether it answers.
class RuntimeDaemon {
 public:
  // `config`: the file that it can look at before the old one is replaced; empty: none.
  explicit RuntimeDaemon(std::string name, std::string config = {})
      : name_(std::move(name)), config_(std::move(config)) {}
  virtual ~RuntimeDaemon() = default;

  // Adds to `found`. Errors: those of Units, io.
  boost::asio::awaitable<Result<>> check(ContextPtr context, CheckResult& found);
  boost::asio::awaitable<Outcome> apply(ContextPtr context);

 protected:
  // Errors: invalid_argument, where a person's text is wrong: it says which and where.
  virtual boost::asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) = 0;
  // By a call of its own, not by its process. Errors: Units'.
  virtual boost::asio::awaitable<Result<Answer>> answers(ContextPtr context) = 0;
  // The command with which it looks at a configuration; empty: this version has none.
  virtual boost::asio::awaitable<Result<Command::Argv>> validation(ContextPtr context,
                                                                   std::string config);

 private:
  [[nodiscard]] std::string unit() const { return name_ + ".service"; }
  // Written before the files, removed after the restart: a crash in between is seen.
  [[nodiscard]] std::string restart_mark() const;
  boost::asio::awaitable<Result<>> validate(ContextPtr context, FileWant want);
  boost::asio::awaitable<Result<bool>> write(ContextPtr context);
  boost::asio::awaitable<Outcome> restart(ContextPtr context, bool changed, UnitState state);

  std::string name_;
  std::string config_;
};

// What was at `path` before us, "" if nothing was.
std::string original_text(const Context& context, const std::string& path);
inline constexpr std::string_view made_by_kagent = "# Made by kagent";

std::unique_ptr<RuntimeDaemon> make_containerd();
std::unique_ptr<RuntimeDaemon> make_docker();
std::unique_ptr<RuntimeDaemon> make_cri_dockerd();

// What kubeadm and the ClusterConfig agree on for sandboxes.
boost::asio::awaitable<Result<std::string>> sandbox_image(ContextPtr context);
// What a CRI socket's owner says of itself, as JSON; nothing: it does not answer. Errors: Units'.
boost::asio::awaitable<Result<std::optional<std::string>>> cri_info(ContextPtr context,
                                                                    std::string endpoint);

}  // namespace kagent::noded
