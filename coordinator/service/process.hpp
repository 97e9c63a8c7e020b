#pragma once

#include "agent/base/error.hpp"
#include "agent/base/paths.hpp"

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
};

// The whole coordinator on one loop.
class Process {
 public:
  virtual ~Process() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::uint16_t http_port() const = 0;
  [[nodiscard]] virtual std::string user_data(bool with_token) const = 0;
  // Reads the ClusterConfig again; a bad one is refused, the old one stays.
  virtual Result<> reload() = 0;
  // `done` is called on the loop when nothing runs any more.
  virtual void stop(std::function<void()> done) = 0;
};

// Blocks for as long as the files take. `fatal` is called on the loop when it cannot go on.
Result<std::unique_ptr<Process>> start_process(boost::asio::any_io_executor loop,
                                               const Options& options,
                                               std::function<void(const Error&)> fatal);

// All of a ClusterConfig's problems as the error. A missing file is no problem unless `must_exist`.
Result<> check_config(const std::filesystem::path& file, bool must_exist);

}  // namespace kagent::coordinator
