#include "agent/common/base/event.hpp"
#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/printable.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/dbus/connection.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/common/trust/tls.hpp"
#include "agent/kagentd/agent.hpp"
#include "agent/kagentd/watch/file_watch.hpp"
#include "agent/kagentd/watch/watchdog.hpp"

#include <systemd/sd-daemon.h>
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>

namespace {

using namespace kagent;
namespace asio = boost::asio;

struct Options {
  std::filesystem::path state = paths::agent_state;
  std::filesystem::path user_data = paths::user_data;
  std::filesystem::path kubeconfig = paths::agent_kubeconfig;
};

Result<kagentd::Agent::Options> read_options(const Options& options) {
  const auto bytes = read_file(options.user_data);
  if (!bytes) return bytes.error();
  auto node = config::parse_user_data(*bytes, options.user_data.string());
  if (!node) return node.error();
  auto coordinator = config::parse_coordinator_url(node->coordinator());
  if (!coordinator) return coordinator.error();
  if (coordinator->token.empty()) coordinator->token = node->token();
  auto id = node_id();
  if (!id) return id.error();
  kagentd::Agent::Options agent;
  agent.node = std::move(*node);
  agent.coordinator = std::move(*coordinator);
  agent.node_id = std::move(*id);
  agent.state = options.state;
  agent.kubeconfig = options.kubeconfig;
  return agent;
}

// There is no user-data, it is not for kagent, or it is wrong: nothing to do until it changes.
void say_idle(const Options& options, const Error& error) {
  if (error.code() == Errc::not_found) {
    log::info("{}: none for kagent; idle until it changes", options.user_data.string());
    sd_notify(0, "READY=1\nSTATUS=idle: there is no user-data for kagent");
    return;
  }
  log::lines(log::Level::error, "user-data: " + error.message() + "; idle until it is corrected");
  sd_notify(0, ("READY=1\nSTATUS=idle: " + printable(error.message())).c_str());
}

// What ends the program, or an idle wait.
struct Ending {
  explicit Ending(const boost::asio::any_io_executor& loop) : asked(loop) {}
  Event asked;
  bool user_data_changed = false;
  bool bus_lost = false;
};

asio::awaitable<void> wait_idle(asio::io_context& io, Ending& ending) {
  co_await ending.asked.wait();
  io.stop();
}

asio::awaitable<void> stop_when_asked(asio::io_context& io, Ending& ending, Tasks& tasks,
                                      kagentd::Agent& agent) {
  co_await ending.asked.wait();
  sd_notify(0, "STOPPING=1");
  agent.stop();
  tasks.cancel();
  co_await tasks.join();
  io.stop();
}

int run_agent(asio::io_context& io, Ending& ending, kagentd::Agent::Options options) {
  const auto lost = [&](const Error& error) {
    log::error("the system bus is lost: {}; starting anew", error.message());
    ending.bus_lost = true;
    ending.asked.set();
  };
  const auto connection = dbus::Connection::open_system(io, lost);
  if (!connection) {
    log::error("{}", connection.error().message());
    return EXIT_FAILURE;
  }
  const auto node = kagentd::make_node_client(**connection);
  if (!node) {
    log::error("{}", node.error().message());
    return EXIT_FAILURE;
  }
  log::info("kagentd {}; node {}, coordinator {}", version, options.node_id,
            config::host_port(options.coordinator));
  Tasks tasks(io.get_executor());
  kagentd::Agent agent(io, tasks, **connection, **node, std::move(options));
  if (auto started = agent.start(); !started) {
    log::error("{}", started.error().message());
    return EXIT_FAILURE;
  }
  sd_notify(0, "READY=1\nSTATUS=");
  asio::co_spawn(io, stop_when_asked(io, ending, tasks, agent), asio::detached);
  io.run();
  return ending.bus_lost ? EXIT_FAILURE : EXIT_SUCCESS;
}

// The exit code. Nothing: an idle wait has ended because the user-data changed.
std::optional<int> run(const Options& options) {
  asio::io_context io(1);
  Ending ending(io.get_executor());
  asio::signal_set stop(io, SIGTERM, SIGINT);
  stop.async_wait([&](boost::system::error_code error, int) {
    if (!error) ending.asked.set();
  });
  const kagentd::Watchdog watchdog(io);
  const kagentd::FileWatch watch(io, options.user_data, [&] {
    log::info("{} has changed; starting anew", options.user_data.string());
    ending.user_data_changed = true;
    ending.asked.set();
  });
  auto agent_options = read_options(options);
  if (agent_options) return run_agent(io, ending, std::move(*agent_options));
  say_idle(options, agent_options.error());
  asio::co_spawn(io, wait_idle(io, ending), asio::detached);
  io.run();
  if (ending.user_data_changed) return {};
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  auto level = log::Level::info;
  const std::map<std::string, log::Level> levels{{"debug", log::Level::debug},
                                                 {"info", log::Level::info},
                                                 {"warning", log::Level::warning},
                                                 {"error", log::Level::error}};
  CLI::App app("Decides the next step on this node, and reports to the coordinator.", "kagentd");
  app.set_version_flag("--version", version_line("kagentd"));
  app.add_option("--state", options.state, "folder of key, certificate and journal")
      ->capture_default_str();
  app.add_option("--user-data", options.user_data, "as kagent-imds wrote it")
      ->capture_default_str();
  app.add_option("--log-level", level, "debug, info, warning, error")
      ->transform(CLI::CheckedTransformer(levels))
      ->envname("KAGENT_LOG");
  CLI11_PARSE(app, argc, argv);
  log::init("kagentd", level);
  require_tls_1_3();
  for (;;)
    if (const auto exit_code = run(options)) return *exit_code;
}
