#pragma once

#include "coordinator/server/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace kagent::coordinator {

struct HttpAnswer {
  int status = 0;
  std::string body;
};
HttpAnswer get(std::uint16_t port, const std::string& path);

// What one thread tells another.
class Happenings {
 public:
  void add(std::string what);
  std::string next();  // waits 30 s at most, then throws

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::string> all_;
};

// The whole coordinator on loopback, its loop on a thread of its own.
class RunningCoordinator {
 public:
  // `config`: a ClusterConfig without its first two lines; FOLDER in it is the coordinator's own.
  explicit RunningCoordinator(std::string config = "", std::string listen = "127.0.0.1:0");
  // One of several with a store in etcd; with the files that another one has made. Ready when it
  // serves or stands by.
  explicit RunningCoordinator(EtcdAddress store, const RunningCoordinator* twin = nullptr);
  ~RunningCoordinator();
  RunningCoordinator(const RunningCoordinator&) = delete;
  RunningCoordinator& operator=(const RunningCoordinator&) = delete;

  // `wait`: with a store in etcd, until it serves or stands by.
  void start(bool wait = true);
  // By stop() and start(), or at once.
  void write_config(std::string config);
  Result<> reload();
  void stop();
  // From then on an end of its own is no surprise, but kept.
  void expect_fatal() { expects_fatal_ = true; }
  [[nodiscard]] const std::optional<std::string>& fatal() const { return fatal_; }

  [[nodiscard]] bool serving() const;
  // Each at most 30 s.
  void wait_until_serving();
  std::string wait_for_fatal();  // what it says

  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::string admin_socket() const { return (folder_ / "admin.sock").string(); }
  [[nodiscard]] std::string user_data(bool with_token) const;
  [[nodiscard]] std::string token() const;
  [[nodiscard]] std::string ca_sha256() const;
  // As a node gets it: by the hash in the user-data. `pin`: that of an older line of it.
  [[nodiscard]] std::string ca_pem(const std::string& pin = "") const;
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "state"; }

  [[nodiscard]] HttpAnswer get(const std::string& path) const {
    return coordinator::get(http_port(), path);
  }
  [[nodiscard]] std::uint16_t http_port() const;

 private:
  TemporaryFolder folder_;
  std::string listen_;
  std::atomic<bool> expects_fatal_ = false;
  std::optional<std::string> fatal_;  // before its caller was answered
  EtcdAddress store_;
  Happenings changes_, ends_;
  std::unique_ptr<boost::asio::io_context> loop_;
  std::unique_ptr<Process> process_;
  std::optional<std::thread> thread_;
};

}  // namespace kagent::coordinator
