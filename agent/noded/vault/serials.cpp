#include "agent/noded/vault/serials.hpp"

#include "agent/common/base/file.hpp"

#include <sstream>

namespace kagent::noded {
namespace {

constexpr char header[] = "kagent-serials 1";

}  // namespace

Result<Serials> SerialsFile::load() const {
  const auto text = read_file(path_);
  if (!text && text.error().code() == Errc::not_found) return Serials{};
  if (!text) return text.error();
  const Error damaged{Errc::data_loss,
                      path_.string() + " is damaged, so replayed orders cannot be recognised"};
  std::istringstream in(*text);
  std::string line;
  if (!std::getline(in, line) || line != header) return damaged;
  Serials serials;
  std::string key;
  if (!(in >> key >> serials.cluster_id) || key != "cluster") return damaged;
  if (!(in >> key >> serials.serial) || key != "serial") return damaged;
  Serials::Seen seen;
  while (in >> key) {
    if (key == "end") return serials;
    if (!(in >> seen.serial >> seen.sha256) || seen.serial == 0) return damaged;
    serials.kinds[key] = seen;
  }
  return damaged;
}

Result<> SerialsFile::save(const Serials& serials) const {
  std::ostringstream out;
  out << header << "\ncluster " << serials.cluster_id << "\nserial " << serials.serial << '\n';
  for (const auto& [kind, seen] : serials.kinds)
    out << kind << ' ' << seen.serial << ' ' << seen.sha256 << '\n';
  out << "end\n";
  return write_file_atomic(path_, out.str(), 0600);
}

}  // namespace kagent::noded
