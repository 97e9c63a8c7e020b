#pragma once

#include "agent/noded/step/files.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kagent::noded {

// What a daemon answers.
enum class Answer {
  none,
  other_cgroups,  // its cgroup driver is not systemd
  well,
};

// A service of the container runtime. Writes its files, enables it, restarts it only if the files
// changed, and checks that it answers.
class RuntimeDaemon {
 public:
  // `config` is the file that the daemon can validate before it replaces the old one; empty if
  // there is none.
  explicit RuntimeDaemon(std::string name, std::string config = {})
      : name_(std::move(name)), config_(std::move(config)) {}
  virtual ~RuntimeDaemon() = default;

  // Adds to `found`. Errors: those of Units and Commands, io.
  boost::asio::awaitable<Result<>> check(ContextPtr context, CheckResult& found);
  boost::asio::awaitable<Outcome> apply(ContextPtr context);

 protected:
  // Errors: invalid_argument if an operator's text is wrong; the message names the text and the
  // place.
  virtual boost::asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) = 0;
  // Asks the daemon itself; its process alone proves nothing. Errors: those of Commands.
  virtual boost::asio::awaitable<Result<Answer>> answers(ContextPtr context) = 0;
  // The command that validates a configuration; empty if this version has none.
  virtual boost::asio::awaitable<Result<Command::Argv>> validation(ContextPtr context,
                                                                   std::string config);

 private:
  [[nodiscard]] std::string unit() const { return name_ + ".service"; }
  // Written before the files and removed after the restart, so a crash in between is noticed.
  [[nodiscard]] std::string restart_mark() const;
  boost::asio::awaitable<Result<>> validate(ContextPtr context, FileWant want);
  boost::asio::awaitable<Result<bool>> write(ContextPtr context);
  boost::asio::awaitable<Outcome> restart(ContextPtr context, bool changed, UnitState state);

  std::string name_;
  std::string config_;
};

// The content of `path` before kagent; "" if the file did not exist.
std::string original_text(const Context& context, const std::string& path);
inline constexpr std::string_view made_by_kagent = "# Made by kagent";

std::unique_ptr<RuntimeDaemon> make_containerd();
std::unique_ptr<RuntimeDaemon> make_docker();
std::unique_ptr<RuntimeDaemon> make_cri_dockerd();

// The sandbox image that kubeadm names, unless the ClusterConfig names another.
boost::asio::awaitable<Result<std::string>> sandbox_image(ContextPtr context);
// The JSON that the owner of a CRI socket reports about itself; nothing if it does not answer.
// Errors: those of Commands.
boost::asio::awaitable<Result<std::optional<std::string>>> cri_info(ContextPtr context,
                                                                    std::string endpoint);

}  // namespace kagent::noded
