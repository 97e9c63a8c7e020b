#include "agent/daemon/file_watch.hpp"

#include "agent/base/file.hpp"
#include "agent/base/log.hpp"

#include <sys/inotify.h>
#include <boost/asio/buffer.hpp>

#include <cerrno>

namespace kagent::daemon {

FileWatch::FileWatch(boost::asio::io_context& io, std::filesystem::path file,
                     std::function<void()> changed)
    : notify_(io), file_(std::move(file)), known_(content()), changed_(std::move(changed)) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    log::warning("{}", errno_error(errno, "inotify").message());
    return;
  }
  notify_.assign(fd);
  const auto folder = file_.parent_path();
  if (::inotify_add_watch(fd, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE) < 0)
    log::warning("{} is not watched: {}", folder.string(), errno_error(errno, "inotify").message());
  else
    wait();
}

std::string FileWatch::content() const {
  const auto bytes = read_file(file_);
  return bytes ? *bytes : std::string{};
}

void FileWatch::wait() {
  notify_.async_read_some(boost::asio::buffer(events_),
                          [this](boost::system::error_code error, std::size_t) {
                            if (error) return;
                            if (content() == known_)
                              wait();
                            else
                              changed_();
                          });
}

}  // namespace kagent::daemon
