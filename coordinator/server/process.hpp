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
  std::filesystem::path config = paths::cluster_config;      // need not exist: all defaults
  std::string advertise;  // HOST in user-data; empty: the first address that is not loopback
  std::filesystem::path audit_log;   // JSON lines; empty: standard output
  std::filesystem::path token_file;  // the enrolment token; empty: one of our own
  EtcdAddress store;                 // its `url` empty: SQLite, in the state folder
};

// Both are called on the loop.
struct ProcessEvents {
  std::function<void(const Error&)> fatal;  // it cannot go on; once
  std::function<void()> changed;            // it serves now, or it stands by now; may be nothing
};

// The whole coordinator on one loop. With a store in etcd, of several one serves and the others
// stand by: they listen for HTTP only.
class Process {
 public:
  virtual ~Process() = default;
  [[nodiscard]] virtual bool serving() const = 0;
  [[nodiscard]] virtual std::string status() const = 0;  // a line for people
  [[nodiscard]] virtual std::uint16_t port() const = 0;  // 0 while it does not serve
  [[nodiscard]] virtual std::uint16_t http_port() const = 0;
  [[nodiscard]] virtual std::string user_data(bool with_token) const = 0;  // while it serves
  // Reads the ClusterConfig again; a bad one is refused, the old one stays.
  virtual Result<> reload() = 0;
  // `done` is called on the loop when nothing runs any more.
  virtual void stop(std::function<void()> done) = 0;
};

// Blocks for as long as the files take, and etcd's first answer. Errors beside those of the files:
// data_loss (the folder or the store is damaged, or they do not go together), invalid_argument.
Result<std::unique_ptr<Process>> start_process(boost::asio::any_io_executor loop,
                                               const Options& options, ProcessEvents events);

// All of a ClusterConfig's problems as the error. A missing file is no problem unless `must_exist`.
Result<> check_config(const std::filesystem::path& file, bool must_exist);

}  // namespace kagent::coordinator
