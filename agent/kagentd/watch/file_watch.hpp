#pragma once

#include "agent/kagentd/watch/path_watch.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace kagent::kagentd {

// Calls `changed` when the file's content differs from that at construction; a missing file counts
// as empty. A file in a folder that does not exist is not watched.
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
