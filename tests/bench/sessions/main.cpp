#include "tests/bench/sessions/coordinator_process.hpp"
#include "tests/bench/sessions/fleet.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>

namespace {

using namespace kagent::bench;
using std::chrono::duration;
using std::chrono::microseconds;

constexpr std::chrono::seconds idle_time{10};

double milliseconds(duration<double> time) {
  return time.count() * 1000;
}

std::filesystem::path default_program() {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return self.parent_path() / "../../../coordinator/kagent-coordinator";
}

// A connection is a descriptor on each side.
void raise_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void measure(std::size_t sessions, const std::filesystem::path& program, std::uint16_t port) {
  const CoordinatorProcess coordinator(program, port);
  Fleet fleet("127.0.0.1:" + std::to_string(port), coordinator.ca_pem(), coordinator.token(),
              sessions + 1);
  const auto idle_bytes = coordinator.resident_bytes();

  auto from = Clock::now();
  fleet.enrol();
  const duration<double> enrolment = Clock::now() - from;
  const auto enrolled_bytes = coordinator.resident_bytes();
  from = Clock::now();
  fleet.open_sessions();
  const duration<double> opening = Clock::now() - from;
  fleet.wait_to_join();
  const auto open_bytes = coordinator.resident_bytes();
  const auto own_bytes = resident_bytes(::getpid());

  auto cpu = coordinator.cpu();
  auto took = fleet.grant_all();
  const auto grant_cpu = coordinator.cpu() - cpu;
  cpu = coordinator.cpu();
  fleet.idle(idle_time);
  const auto idle_cpu = coordinator.cpu() - cpu;

  std::ranges::sort(took);
  const auto at = [&](std::size_t percent) {
    return milliseconds(took[std::min(took.size() - 1, took.size() * percent / 100)]);
  };
  const double n = static_cast<double>(sessions);
  fmt::print("coordinator, idle, nobody known   {:8.1f} MiB resident\n",
             static_cast<double>(idle_bytes) / (1 << 20));
  fmt::print("enrolment, one after the other    {:8.2f} ms each\n", milliseconds(enrolment) / n);
  fmt::print("{:5} sessions opened at once      {:8.0f} ms until all have their Assignment\n",
             sessions, milliseconds(opening));
  fmt::print("memory a session (coordinator)    {:8.1f} KiB resident ({:.1f} MiB in all)\n",
             static_cast<double>(open_bytes - enrolled_bytes) / 1024 / n,
             static_cast<double>(open_bytes) / (1 << 20));
  fmt::print("memory of all nodes (bench)       {:8.1f} MiB resident\n",
             static_cast<double>(own_bytes) / (1 << 20));
  fmt::print("grants, since cluster ready       {:8.1f} ms p50, {:.1f} ms p99, {:.1f} ms last\n",
             at(50), at(99), milliseconds(took.back()));
  fmt::print("CPU of the coordinator for them   {:8} ms, {:.0f} us a grant\n", grant_cpu.count(),
             static_cast<double>(grant_cpu.count()) * 1000 / n);
  fmt::print("CPU of the coordinator, idle      {:8.1f} % of a core (heartbeats only)\n",
             100.0 * static_cast<double>(idle_cpu.count()) /
                 static_cast<double>(std::chrono::milliseconds(idle_time).count()));
  fmt::print("to repeat: tests/bench/sessions/README.md\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t sessions = 1000;
  std::filesystem::path program = default_program();
  std::uint16_t port = 27443;
  CLI::App app("Sessions over mTLS against one kagent-coordinator.", "bench_sessions");
  app.add_option("--sessions", sessions, "nodes that wait for a grant")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--coordinator", program, "the kagent-coordinator to measure")
      ->capture_default_str();
  app.add_option("--port", port, "on loopback")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  raise_descriptors();
  try {
    measure(sessions, program, port);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_sessions: {}\n", error.what());
    return 1;
  }
  return 0;
}
