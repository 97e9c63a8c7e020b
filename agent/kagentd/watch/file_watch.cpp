#include "agent/kagentd/watch/file_watch.hpp"

#include "agent/common/base/file.hpp"

namespace kagent::kagentd {

FileWatch::FileWatch(boost::asio::io_context& io, std::filesystem::path file,
                     std::function<void()> changed)
    : file_(std::move(file)),
      known_(content()),
      watch_(io, [this, changed = std::move(changed)](const std::string&) {
        if (content() != known_) changed();
      }) {
  watch_.add(file_.string());
}

std::string FileWatch::content() const {
  const auto bytes = read_file(file_);
  return bytes ? *bytes : std::string{};
}

}  // namespace kagent::kagentd
