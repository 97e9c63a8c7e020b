#include "agent/common/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace kagent {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool valid() const { return value_ >= 0; }

 private:
  int value_;
};

Result<> write_all(int descriptor, std::string_view content, std::string_view what) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_error(errno, what);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid() || ::fsync(opened.get()) != 0)
    return errno_error(errno, "syncing folder " + folder.string());
  return {};
}

Result<> write_and_sync(int descriptor, std::string_view content, mode_t mode,
                        const std::string& what) {
  if (::fchmod(descriptor, mode) != 0) return errno_error(errno, what);
  if (auto written = write_all(descriptor, content, what); !written) return written.error();
  if (::fsync(descriptor) != 0) return errno_error(errno, what);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const std::string what = "reading " + path.string();
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno_error(errno, what);
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno_error(errno, what);
    }
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > max_bytes)
      return Error(Errc::resource_exhausted,
                   what + ": larger than " + std::to_string(max_bytes) + " bytes");
  }
}

Result<> write_file_atomic(const std::filesystem::path& path, std::string_view content,
                           mode_t mode) {
  const std::string what = "writing " + path.string();
  std::string temporary = path.string() + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // made with mode 0600
  if (!file.valid()) return errno_error(errno, what);
  auto done = write_and_sync(file.get(), content, mode, what);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = errno_error(errno, what);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

Result<> remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return errno_error(errno, "removing " + path.string());
  return {};
}

}  // namespace kagent
