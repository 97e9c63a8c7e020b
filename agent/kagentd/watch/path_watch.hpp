#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kagent::kagentd {

// Calls the handler with each of its paths that is written, appears or disappears; by inotify. A
// path with a slash at its end is a folder, and stands for every file in it. A path in a folder
// that does not exist yet is watched once add_missing() finds the folder.
class PathWatch {
 public:
  using Handler = std::function<void(const std::string& path)>;

  PathWatch(boost::asio::io_context& io, Handler changed);
  PathWatch(const PathWatch&) = delete;
  PathWatch& operator=(const PathWatch&) = delete;

  void add(std::string path);
  void add_missing();

 private:
  void wait();
  void read(std::size_t size);

  boost::asio::posix::stream_descriptor notify_;
  Handler changed_;
  std::vector<std::string> paths_;
  std::map<std::string, int> folders_;  // to inotify's watch descriptors
  alignas(8) std::array<char, 4096> events_{};
};

}  // namespace kagent::kagentd
