#include "agent/noded/step/answers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

namespace kagent::noded {
namespace {

constexpr std::size_t most =
    32;  // older entries belong to replaced programs or to an earlier ClusterConfig

}  // namespace

std::optional<std::string> Answers::key(const std::filesystem::path& program,
                                        const std::vector<std::string>& argv,
                                        const std::string& input) {
  struct stat file {};
  if (::stat(program.c_str(), &file) != 0) return {};
  // ctime, since a program's mtime can be set back.
  return fmt::format("{}:{}:{}:{}.{:09} {} \n{}", file.st_dev, file.st_ino, file.st_size,
                     file.st_ctim.tv_sec, file.st_ctim.tv_nsec, fmt::join(argv, "\n"), input);
}

const std::string* Answers::find(const std::string& key) const {
  const auto found = kept_.find(key);
  return found == kept_.end() ? nullptr : &found->second;
}

void Answers::keep(std::string key, std::string answer) {
  if (kept_.size() >= most) kept_.clear();
  kept_.insert_or_assign(std::move(key), std::move(answer));
}

}  // namespace kagent::noded
