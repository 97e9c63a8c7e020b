#pragma once

#include "agent/noded/step/context.hpp"
#include "agent/noded/step/step.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

// Files of the node that steps read and write.
namespace kagent::noded {

// "" if the file cannot be read. At most 64 MiB.
std::string text_of(const Context& context, std::string_view path);

// The content and mode that a file must have.
struct FileWant {
  std::string path;
  std::string content;
  mode_t mode = 0644;
};
bool differs(const Context& context, const FileWant& want);
// Adds one change to `found` for each file that differs.
void need_files(const Context& context, const std::vector<FileWant>& wants, CheckResult& found);
// Writes the files that differ and returns their number.
Result<int> write_files(const Context& context, const std::vector<FileWant>& wants);
// Writes the file atomically, after Context::before has kept the original. Missing folders get mode
// 0755, so that kagentd can watch them; folders of kagent's own state get 0700.
Result<> write_in_place(const Context& context, const FileWant& want);

}  // namespace kagent::noded
