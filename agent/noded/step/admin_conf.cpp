#include "agent/noded/step/admin_conf.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/documents.hpp"

#include <nlohmann/json.hpp>

namespace kagent::noded {

Result<std::string> api_server_of(const std::filesystem::path& root) {
  constexpr char path[] = "etc/kubernetes/admin.conf";
  const auto text = read_file(root / path);
  if (!text) return text.error();
  const auto documents = config::parse_documents(*text);
  if (!documents) return documents.error().context(path);
  const Error bad(Errc::protocol, std::string("/") + path + " names no https:// server");
  try {
    auto server = documents->at(0).at("clusters").at(0).at("cluster").at("server");
    auto url = server.get<std::string>();
    if (!url.starts_with("https://")) return bad;
    return url;
  } catch (const std::exception&) {
    return bad;
  }
}

}  // namespace kagent::noded
