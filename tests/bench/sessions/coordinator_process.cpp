#include "tests/bench/sessions/coordinator_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

extern char** environ;

namespace kagent::bench {
namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool listens(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return connected;
}

pid_t spawn(std::vector<std::string> words, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t pid = -1;
  const int status =
      ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) throw std::runtime_error("cannot start " + words[0]);
  return pid;
}

}  // namespace

CoordinatorProcess::CoordinatorProcess(const std::filesystem::path& program, std::uint16_t port) {
  std::string name = (std::filesystem::temp_directory_path() / "kagent-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = name;
  pid_ = spawn(
      {program.string(), "--listen", "127.0.0.1:" + std::to_string(port), "--http", "", "--state",
       folder_.string(), "--admin-socket", (folder_ / "admin.sock").string(), "--advertise",
       "127.0.0.1", "--config", (folder_ / "cluster.yaml").string(), "--log-level", "error"},
      folder_ / "log");
  for (int tries = 0; !listens(port); ++tries) {
    if (tries > 100 || ::waitpid(pid_, nullptr, WNOHANG) != 0)
      throw std::runtime_error("the coordinator does not start: " + content_of(folder_ / "log"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

CoordinatorProcess::~CoordinatorProcess() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t CoordinatorProcess::resident_bytes() const {
  return bench::resident_bytes(pid_);
}

std::chrono::milliseconds CoordinatorProcess::cpu() const {
  const std::string stat = content_of("/proc/" + std::to_string(pid_) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // up to cmajflt
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;
  return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::string CoordinatorProcess::token() const {
  std::string token = content_of(folder_ / "enrolment-token");
  token.erase(token.find_last_not_of('\n') + 1);
  return token;
}

std::string CoordinatorProcess::ca_pem() const {
  return content_of(folder_ / "ca.crt");
}

}  // namespace kagent::bench
