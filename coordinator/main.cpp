#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/version.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/authority/ca_files.hpp"
#include "coordinator/server/process.hpp"
#include "coordinator/server/systemd_notify.hpp"

#include <grpc/support/log.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <iostream>
#include <map>

namespace {

using namespace kagent;

enum ExitCode : int { exit_ok = 0, exit_failed = 1, exit_bad_config = 2 };

int check_config(const std::string& file, const coordinator::Options& options) {
  const bool given = !file.empty();
  const auto path = given ? std::filesystem::path(file) : options.config;
  const auto checked = coordinator::check_config(path, given);
  if (!checked) {
    std::cerr << checked.error().message() << '\n';
    return exit_bad_config;
  }
  std::cout << path.string() << ": valid\n";
  return exit_ok;
}

// Writes NAME.crt and NAME.key into the current folder.
int issue_admin(const std::string& name, const coordinator::Options& options) {
  const auto issued = coordinator::issue_admin(options.state, name);
  auto done =
      issued ? write_file_atomic(name + ".key", issued->key_pem, 0600) : Result<>(issued.error());
  if (done) done = write_file_atomic(name + ".crt", issued->certificate_pem, 0644);
  if (!done) {
    std::cerr << done.error().message() << '\n';
    return exit_failed;
  }
  std::cout << name << ".crt and " << name << ".key, valid for "
            << coordinator::admin_certificate_lifetime.count() / 24 << " days, for\n"
            << "kagentctl --coordinator 'kagent://...' --cert " << name << ".crt --key " << name
            << ".key\n";
  return exit_ok;
}

int replace_ca(int days, const coordinator::Options& options) {
  const auto done = coordinator::replace_ca(options.state, std::chrono::hours(24) * days);
  if (!done) {
    std::cerr << done.error().message() << '\n';
    return exit_failed;
  }
  std::cout << "A new CA is made. To put it in force:\n  systemctl restart kagent-coordinator\n";
  if (days > 0)
    std::cout
        << "Nodes follow by themselves. For " << days
        << " days this includes nodes that are launched\n"
           "with the old user-data; `kagentctl user-data` prints the new line after the restart.\n";
  else
    std::cout << "No node follows by itself: each needs the new line, which `kagentctl user-data`\n"
                 "prints after the restart.\n";
  return exit_ok;
}

int run(const coordinator::Options& options) {
  boost::asio::io_context loop(1);
  coordinator::SystemdNotify notify(loop.get_executor());
  int exit_code = exit_ok;
  std::unique_ptr<coordinator::Process> process;
  coordinator::ProcessEvents events;
  events.fatal = [&](const Error& error) {
    log::error("{}; stopping", error.message());
    exit_code = exit_failed;
    loop.stop();
  };
  events.changed = [&] {
    log::info("kagent-coordinator {} {}{}", version, process->status(),
              process->serving() ? "; user-data " + process->user_data(false) +
                                       " (kagentctl user-data prints it with its token)"
                                 : "");
    notify.ready(process->status());
  };
  auto started = coordinator::start_process(loop.get_executor(), options, std::move(events));
  if (!started) {
    log::lines(log::Level::error, started.error().message());
    return exit_failed;
  }
  process = std::move(*started);

  boost::asio::signal_set stop(loop, SIGTERM, SIGINT);
  boost::asio::signal_set reload(loop, SIGHUP);
  const std::function<void()> wait_for_reload = [&] {
    reload.async_wait([&](boost::system::error_code error, int) {
      if (error) return;
      notify.reloading();
      if (auto reloaded = process->reload(); !reloaded)
        log::lines(log::Level::error, "the new configuration is refused, the old one stays:\n" +
                                          reloaded.error().message());
      else
        log::info("{} is in force", options.config.string());
      notify.ready(process->status());
      wait_for_reload();
    });
  };
  wait_for_reload();
  stop.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    notify.stopping();
    reload.cancel();
    process->stop([] {});
  });
  loop.run();
  // After a fatal error nothing is to be waited for: what was answered is on disk.
  if (exit_code != exit_ok) std::_Exit(exit_code);
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  coordinator::Options options;
  std::string check_file, admin_name;
  auto level = log::Level::info;
  const std::map<std::string, log::Level> levels{{"debug", log::Level::debug},
                                                 {"info", log::Level::info},
                                                 {"warning", log::Level::warning},
                                                 {"error", log::Level::error}};
  CLI::App app("Tells nodes their roles and gives them what they need to join.",
               "kagent-coordinator");
  app.set_version_flag("--version", version_line("kagent-coordinator"));
  app.add_option("--listen", options.listen, "gRPC, ADDRESS:PORT")->capture_default_str();
  app.add_option("--http", options.http, "/healthz, /readyz, /metrics and the page; '' for none")
      ->capture_default_str();
  app.add_option("--state", options.state, "folder of the CA and the store")->capture_default_str();
  auto* store =
      app.add_option("--store", options.store.url,
                     "etcd://HOST:PORT,HOST:PORT/PREFIX for several coordinators; default: SQLite "
                     "in the state folder")
          ->type_name("URL");
  app.add_option("--store-ca", options.store.ca, "CA of etcd's certificates")
      ->type_name("FILE")
      ->needs(store);
  app.add_option("--store-cert", options.store.certificate,
                 "client certificate for etcd, with --store-key")
      ->type_name("FILE")
      ->needs(store);
  app.add_option("--store-key", options.store.key, "key of that certificate")
      ->type_name("FILE")
      ->needs(store);
  app.add_option("--admin-socket", options.admin_socket, "for kagentctl; '' for none")
      ->capture_default_str();
  app.add_option("--config", options.config, "ClusterConfig; the file may be missing")
      ->capture_default_str();
  app.add_option("--advertise", options.advertise, "host in user-data; default: the first address");
  app.add_option("--token-file", options.token_file,
                 "file with the enrolment token; default: the coordinator makes one");
  app.add_option("--audit-log", options.audit_log,
                 "file for granted and refused requests, as JSON lines; default: stdout");
  app.add_option("--log-level", level, "debug, info, warning, error")
      ->transform(CLI::CheckedTransformer(levels))
      ->envname("KAGENT_LOG");
  auto* check = app.add_option("--check-config", check_file, "check FILE (or --config's) and exit")
                    ->expected(0, 1);
  auto* admin = app.add_option("--issue-admin", admin_name,
                               "write NAME.crt and NAME.key for kagentctl elsewhere, and exit")
                    ->type_name("NAME");
  std::string vouched_days;
  auto* replacing =
      app.add_option("--replace-ca", vouched_days,
                     "make a new CA for the next start, and exit; user-data may name the old one "
                     "for DAYS more (default 365; 0: not at all)")
          ->type_name("DAYS")
          ->check([](const std::string& days) {
            const auto wrong = CLI::Range(0, 3650)(days);
            return days.empty() || wrong.empty() ? "" : "DAYS is a number from 0 to 3650";
          })
          ->expected(0, 1);
  CLI11_PARSE(app, argc, argv);
  if (check->count() > 0) return check_config(check_file, options);
  if (admin->count() > 0) return issue_admin(admin_name, options);
  if (replacing->count() > 0)
    return replace_ca(vouched_days.empty() ? 365 : std::stoi(vouched_days), options);
  log::init("kagent-coordinator", level);
  // gRPC logs every failed handshake, and anybody can make one fail.
  if (level != log::Level::debug) gpr_set_log_function([](gpr_log_func_args*) {});
  return run(options);
}
