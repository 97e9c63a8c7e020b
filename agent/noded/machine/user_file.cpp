#include "agent/noded/machine/user_file.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace kagent::noded {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

constexpr off_t largest_read = 1 << 20;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

std::string path_of(const UserFile& file) {
  return file.folder + "/" + (file.subfolder.empty() ? "" : file.subfolder + "/") + file.name;
}

Error in_the_way(const UserFile& file) {
  if (errno == ELOOP || errno == ENOTDIR)
    return {Errc::failed_precondition, file.folder + "/" + file.subfolder +
                                           " is a link, or no folder: nothing is written there"};
  return errno_error(errno, path_of(file));
}

Result<Fd> open_folder(const UserFile& file, const Account& owner, bool make) {
  Fd folder(::open(file.folder.c_str(), folder_flags));
  if (!folder) return errno_error(errno, file.folder);
  if (file.subfolder.empty()) return folder;
  const bool made = make && ::mkdirat(folder.get(), file.subfolder.c_str(), 0700) == 0;
  Fd inner(::openat(folder.get(), file.subfolder.c_str(), folder_flags | O_NOFOLLOW));
  if (!inner) return in_the_way(file);
  if (made && ::fchown(inner.get(), owner.uid, owner.gid) != 0)
    return errno_error(errno, "giving " + file.subfolder + " to " + owner.name);
  return inner;
}

Result<> fill(int fd, std::string_view content, const Account& owner) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error(errno, "writing");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fchown(fd, owner.uid, owner.gid) != 0)
    return errno_error(errno, "giving it to " + owner.name);
  if (::fsync(fd) != 0) return errno_error(errno, "fsync");
  return {};
}

}  // namespace

std::optional<Account> account(const std::string& name) {
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return {};
  return Account{name, entry->pw_dir, entry->pw_uid, entry->pw_gid};
}

Result<> write_user_file(const UserFile& file, std::string_view content, const Account& owner) {
  const auto folder = open_folder(file, owner, true);
  if (!folder) return folder.error();
  const int at = folder->get();
  const std::string fresh = "." + file.name + ".kagent-new";
  (void)::unlinkat(at, fresh.c_str(), 0);  // left by an interrupted run
  Fd fd(::openat(at, fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return errno_error(errno, path_of(file));
  auto filled = fill(fd.get(), content, owner);
  if (filled && ::renameat(at, fresh.c_str(), at, file.name.c_str()) != 0)
    filled = errno_error(errno, "renaming");
  if (filled) return {};
  (void)::unlinkat(at, fresh.c_str(), 0);
  return filled.error().context(path_of(file));
}

Result<std::optional<std::string>> read_user_file(const UserFile& file) {
  using Content = std::optional<std::string>;
  const Fd outer(::open(file.folder.c_str(), folder_flags));
  if (!outer) return errno_error(errno, file.folder);
  const auto folder = open_folder(file, {}, false);
  if (!folder && folder.error().code() == Errc::not_found) return Content();
  if (!folder) return folder.error();
  const Fd fd(
      ::openat(folder->get(), file.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) return Content();
  if (!fd && errno != ELOOP) return errno_error(errno, path_of(file));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size > largest_read)
    return Error(Errc::failed_precondition, path_of(file) + " is a link, or no plain file");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t size = ::pread(fd.get(), text.data(), text.size(), 0);
  if (size < 0) return errno_error(errno, path_of(file));
  text.resize(static_cast<std::size_t>(size));
  return Content(std::move(text));
}

bool is_user_file(const UserFile& file, std::string_view content, const Account& owner) {
  const auto folder = open_folder(file, owner, false);
  if (!folder) return false;
  const Fd fd(
      ::openat(folder->get(), file.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (status.st_uid != owner.uid || status.st_gid != owner.gid || (status.st_mode & 0077U) != 0)
    return false;
  if (static_cast<std::size_t>(status.st_size) != content.size()) return false;
  std::string text(content.size(), '\0');
  return ::pread(fd.get(), text.data(), text.size(), 0) == status.st_size && text == content;
}

}  // namespace kagent::noded
