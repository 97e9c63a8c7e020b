#include "coordinator/authority/state_files.hpp"

#include "agent/common/base/file.hpp"

namespace kagent::coordinator {

Result<std::string> read_or_make(const std::filesystem::path& path,
                                 const std::function<Result<std::string>()>& make) {
  Result<std::string> content = read_file(path);
  if (content || content.error().code() != Errc::not_found) return content;
  Result<std::string> made = make();
  if (!made) return made;
  if (auto written = write_file_atomic(path, *made, secret_mode); !written) return written.error();
  return made;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

Result<pki::Key> read_or_make_key(const std::filesystem::path& path) {
  auto pem = read_or_make(path, []() -> Result<std::string> {
    auto key = pki::generate_key();
    if (!key) return key.error();
    return pki::key_to_pem(*key);
  });
  if (!pem) return pem.error();
  auto key = pki::key_from_pem(*pem);
  if (!key) return key.error().context(path.string());
  return key;
}

}  // namespace kagent::coordinator
