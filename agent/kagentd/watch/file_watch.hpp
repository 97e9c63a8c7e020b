#pragma once

#include "agent/kagentd/watch/path_watch.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace kagent::kagentd {

// Calls `changed` when the file has another content than at first, or comes or goes. In a folder
// that does not exist it is not watched.
class FileWatch {
 public:
  FileWatch(boost::asio::io_context& io, std::filesystem::path file, std::function<void()> changed);

 private:
  [[nodiscard]] std::string content() const;

  std::filesystem::path file_;
  std::string known_;
  PathWatch watch_;
};

}  // namespace kagent::kagentd
