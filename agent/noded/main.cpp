#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/dbus/connection.hpp"
#include "agent/noded/bus/service.hpp"
#include "agent/noded/steps.hpp"

#include <systemd/sd-daemon.h>
#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <map>

namespace {

using namespace kagent;

// Cancels the tasks and runs the loop until they have ended: they use what run() destroys next.
void end(Tasks& tasks, boost::asio::io_context& io) {
  tasks.cancel();
  while (tasks.running() > 0) {
    io.restart();  // a second signal may have stopped it again
    io.run_one();
  }
}

// Returns when the daemon is idle or told to stop; D-Bus activation starts it again. Commands of
// steps run in units of their own, which continue without us and are found again by their names.
int run() {
  boost::asio::io_context io(1);
  Tasks tasks(io.get_executor());
  int exit_code = 0;
  const auto lost = [&](const Error& error) {
    log::error("the system bus is lost: {}; stopping", error.message());
    exit_code = 1;
    io.stop();
  };
  auto connection = dbus::Connection::open_system(io, lost);
  if (!connection) {
    log::error("{}", connection.error().message());
    return 1;
  }
  const auto idle = [&] {
    log::debug("idle; leaving");
    io.stop();
  };
  noded::Service service(
      io, **connection, tasks, noded::connect_systemd(io, **connection, paths::noded_run),
      noded::Vault(paths::noded_state, paths::noded_run), noded::make_steps(), idle);
  if (auto taken = service.take_name(); !taken) {
    log::error("{}", taken.error().message());
    return 1;
  }
  sd_notify(0, "READY=1\nSTATUS=waiting for kagentd");
  boost::asio::signal_set stop(io, SIGTERM, SIGINT);
  stop.async_wait([&](boost::system::error_code, int) { io.stop(); });
  io.run();
  sd_notify(0, "STOPPING=1");
  end(tasks, io);
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  auto level = log::Level::info;
  const std::map<std::string, log::Level> levels{{"debug", log::Level::debug},
                                                 {"info", log::Level::info},
                                                 {"warning", log::Level::warning},
                                                 {"error", log::Level::error}};
  CLI::App app("Runs the steps of this node for kagentd. D-Bus starts it on demand.",
               "kagent-noded");
  app.set_version_flag("--version", version_line("kagent-noded"));
  app.add_option("--log-level", level, "debug, info, warning, error")
      ->transform(CLI::CheckedTransformer(levels))
      ->envname("KAGENT_LOG");
  CLI11_PARSE(app, argc, argv);
  log::init("kagent-noded", level);
  return run();
}
