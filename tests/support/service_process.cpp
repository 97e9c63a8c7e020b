#include "tests/support/service_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace kagent {
namespace {

constexpr int limit_ms = 30'000;

int notify_socket(const std::filesystem::path& path) {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("bind " + path.string());
  return socket;
}

}  // namespace

ServiceProcess::ServiceProcess(std::vector<std::string> words)
    : socket_(notify_socket(folder_ / "notify")) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string notify = "NOTIFY_SOCKET=" + (folder_ / "notify").string();
  std::array<char*, 2> environment{notify.data(), nullptr};
  const std::string file = folder_ / "log";
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), environment.data());
  ::_exit(127);
}

ServiceProcess::~ServiceProcess() {
  signal(SIGKILL);
  wait();
  ::close(socket_);
}

void ServiceProcess::wait_for(const std::string& text) {
  pollfd waited{socket_, POLLIN, 0};
  while (::poll(&waited, 1, limit_ms) == 1) {
    std::array<char, 4096> said{};
    const ssize_t size = ::recv(socket_, said.data(), said.size(), 0);
    if (size > 0 &&
        std::string(said.data(), static_cast<std::size_t>(size)).find(text) != std::string::npos)
      return;
  }
  throw std::runtime_error("it does not say '" + text + "': " + log());
}

void ServiceProcess::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void ServiceProcess::pause() const {
  signal(SIGSTOP);
  ::waitpid(pid_, nullptr, WUNTRACED);
}

int ServiceProcess::wait() {
  if (pid_ <= 0) return -1;
  pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), POLLIN, 0};
  const bool ended = ::poll(&end, 1, limit_ms) == 1;
  ::close(end.fd);
  if (!ended) throw std::runtime_error("it does not end: " + log());
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string ServiceProcess::log() const {
  std::ifstream in(folder_ / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace kagent
