#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <filesystem>
#include <functional>

namespace kagent::daemon {

// Calls `changed` once when the file has another content, or comes or goes; by inotify on its
// folder. A folder that does not exist is not watched.
class FileWatch {
 public:
  FileWatch(boost::asio::io_context& io, std::filesystem::path file, std::function<void()> changed);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  void wait();
  [[nodiscard]] std::string content() const;

  boost::asio::posix::stream_descriptor notify_;
  std::filesystem::path file_;
  std::string known_;
  std::function<void()> changed_;
  std::array<char, 4096> events_{};
};

}  // namespace kagent::daemon
