#include "agent/kagentd/watch/path_watch.hpp"

#include "agent/common/base/error.hpp"
#include "agent/common/base/log.hpp"

#include <sys/inotify.h>
#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <cstring>
#include <set>

namespace kagent::kagentd {
namespace {

constexpr std::uint32_t mask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

PathWatch::PathWatch(boost::asio::io_context& io, Handler changed)
    : notify_(io), changed_(std::move(changed)) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    log::warning("files are not watched: {}", errno_error(errno, "inotify").message());
    return;
  }
  notify_.assign(fd);
  wait();
}

void PathWatch::add(std::string path) {
  paths_.push_back(std::move(path));
  add_missing();
}

void PathWatch::add_missing() {
  if (!notify_.is_open()) return;
  for (const std::string& path : paths_) {
    const std::string folder = folder_of(path);
    if (folders_.contains(folder)) continue;
    const int watch = ::inotify_add_watch(notify_.native_handle(), folder.c_str(), mask);
    if (watch >= 0)
      folders_[folder] = watch;
    else if (errno != ENOENT)
      log::debug("{} is not watched: {}", folder, errno_error(errno, "inotify").message());
  }
}

void PathWatch::wait() {
  notify_.async_read_some(boost::asio::buffer(events_),
                          [this](boost::system::error_code error, std::size_t size) {
                            if (error) return;
                            read(size);
                            wait();
                          });
}

void PathWatch::read(std::size_t size) {
  std::set<std::string> touched;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    inotify_event event{};
    std::memcpy(&event, events_.data() + at, sizeof event);
    const char* name = events_.data() + at + sizeof event;
    at += sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) touched.insert(paths_.begin(), paths_.end());
    for (auto folder = folders_.begin(); folder != folders_.end();) {
      if (folder->second != event.wd) {
        ++folder;
        continue;
      }
      if (event.len > 0)
        for (const std::string& path : {folder->first, folder->first + name}) touched.insert(path);
      // The folder itself has gone: add_missing() watches it again when it comes back.
      folder = (event.mask & IN_IGNORED) != 0 ? folders_.erase(folder) : std::next(folder);
    }
  }
  for (const std::string& path : paths_)
    if (touched.contains(path)) changed_(path);
}

}  // namespace kagent::kagentd
