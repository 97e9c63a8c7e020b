#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kagent::kagentd {

// Says which of its paths has another content, comes or goes; by inotify. A path with a slash at
// its end is a folder, and stands for all that is in it; of any other its folder is watched. What
// does not exist yet is watched once add_missing() finds it.
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
  std::map<std::string, int> folders_;  // to inotify's numbers
  alignas(8) std::array<char, 4096> events_{};
};

}  // namespace kagent::kagentd
