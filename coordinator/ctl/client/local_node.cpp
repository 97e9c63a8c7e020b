#include "coordinator/ctl/client/local_node.hpp"

#include "agent/common/dbus/error.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

namespace kagent::ctl {
namespace {

constexpr char service[] = "io.kagent.Node1";
constexpr char object[] = "/io/kagent/Node1";
constexpr char interface[] = "io.kagent.Node1";
constexpr std::chrono::seconds limit{120};

using Planned = sdbus::Struct<std::string, std::string, std::vector<std::string>>;

Error explained(const Error& error) {
  if (error.code() == Errc::permission_denied)
    return {error.code(), "kagent-noded: " + error.message() + "; run this as root on the node"};
  if (error.code() == Errc::unavailable || error.code() == Errc::not_found)
    return {Errc::unavailable, "kagent-noded does not answer on this machine: " + error.message() +
                                   "; is this a kagent node? (systemctl status kagent-noded)"};
  return error.context("kagent-noded");
}

}  // namespace

Result<std::vector<render::PlannedStep>> plan_of_this_node() {
  try {
    const auto bus = sdbus::createSystemBusConnection();
    const auto proxy = sdbus::createProxy(*bus, service, object);
    std::vector<Planned> planned;
    proxy->callMethod("Plan").onInterface(interface).withTimeout(limit).storeResultsTo(planned);
    std::vector<render::PlannedStep> steps;
    for (Planned& step : planned)
      steps.push_back({std::get<0>(step), std::get<1>(step), std::get<2>(step)});
    return steps;
  } catch (const sdbus::Error& error) {
    return explained(dbus::from_dbus(error));
  }
}

Result<> stop_kagent() {
  // Where systemd does not run, none of kagent's units do.
  if (std::error_code error; !std::filesystem::exists("/run/systemd/system", error)) return {};
  // With a pattern, missing units are no error. It also matches the transient units of steps.
  std::string program = "systemctl", stop = "stop", units = "kagent*.service";
  char* const arguments[] = {program.data(), stop.data(), units.data(), nullptr};
  pid_t child = -1;
  if (const int failed = ::posix_spawnp(&child, "systemctl", nullptr, nullptr, arguments, environ))
    return Error(Errc::io, std::string("systemctl: ") + std::strerror(failed));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return Error(Errc::io, std::string("systemctl: ") + std::strerror(errno));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error(Errc::permission_denied,
               "systemctl could not stop the units of kagent (see above); run this as root");
}

}  // namespace kagent::ctl
