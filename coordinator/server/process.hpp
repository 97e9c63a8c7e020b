#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/base/paths.hpp"
#include "coordinator/store/etcd_address.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace kagent::coordinator {

struct Options {
  std::string listen = "[::]:7443";
  std::string http = "[::]:7480";  // empty: no HTTP
  std::filesystem::path state = paths::coordinator_state;
  std::filesystem::path admin_socket = paths::admin_socket;  // empty: none
  std::filesystem::path config = paths::cluster_config;      // may be missing: all defaults
  std::string advertise;             // HOST in user-data; empty: the first non-loopback address
  std::filesystem::path audit_log;   // JSON lines; empty: standard output
  std::filesystem::path token_file;  // the enrolment token; empty: the coordinator makes one
  EtcdAddress store;                 // an empty `url`: SQLite in the state folder
};

// Both are called on the loop.
struct ProcessEvents {
  std::function<void(const Error&)> fatal;  // the process must stop; called once
  std::function<void()> changed;            // serves now or stands by now; may be empty
};

// The whole coordinator on one loop. Of several coordinators with one store in etcd, one serves;
// the others stand by and listen for HTTP only.
class Process {
 public:
  virtual ~Process() = default;
  [[nodiscard]] virtual bool serving() const = 0;
  [[nodiscard]] virtual std::string status() const = 0;  // a line for people
  [[nodiscard]] virtual std::uint16_t port() const = 0;  // 0 unless serving
  [[nodiscard]] virtual std::uint16_t http_port() const = 0;
  [[nodiscard]] virtual std::string user_data(bool with_token) const = 0;  // only while serving
  // Reads the ClusterConfig again. Errors: the new one is invalid; the old one stays in force.
  virtual Result<> reload() = 0;
  // Calls `done` on the loop once nothing runs any more. Call it once.
  virtual void stop(std::function<void()> done) = 0;
};

// Blocks while it reads files and waits for etcd's first answer. Errors beside those of the files:
// data_loss (the folder or the store is damaged, or they do not match), invalid_argument.
Result<std::unique_ptr<Process>> start_process(boost::asio::any_io_executor loop,
                                               const Options& options, ProcessEvents events);

// The error holds all problems of the ClusterConfig. A missing file is one only if `must_exist`.
Result<> check_config(const std::filesystem::path& file, bool must_exist);

}  // namespace kagent::coordinator
