#include "agent/noded/step/certificates.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/documents.hpp"
#include "agent/common/config/unpack.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::noded {
namespace {

// Bounds a report. A control plane of kubeadm has about fifteen.
constexpr std::size_t most_certificates = 64;

struct Place {
  const char* folder;
  const char* suffix;
};
constexpr Place certificate_places[] = {{"/etc/kubernetes/pki", ".crt"},
                                        {"/etc/kubernetes/pki/etcd", ".crt"},
                                        {"/var/lib/kubelet/pki", ".crt"},
                                        {"/var/lib/kubelet/pki", "-server-current.pem"}};
constexpr Place kubeconfig_place{"/etc/kubernetes", ".conf"};

std::vector<std::string> files_of(const Context& context, const Place& place) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(context.at(place.folder), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(place.suffix)) files.push_back(std::string(place.folder) + "/" + name);
  }
  return files;
}

void add(std::vector<HeldCertificate>& all, const std::string& file, const std::string& pem) {
  const auto certificate = pki::certificate_from_pem(pem);
  if (!certificate) return;
  const auto subject = pki::subject_of(*certificate);
  const auto validity = pki::validity_of(*certificate);
  if (subject && validity)
    all.push_back({file, subject->common_name, pki::use_of(*certificate), *validity});
}

}  // namespace

Result<ClientCertificate> client_certificate_of(const Context& context, std::string_view path) {
  const auto text = read_file(context.at(path));
  if (!text) return text.error();
  const auto documents = config::parse_documents(*text);
  if (!documents) return documents.error().context(path);
  try {
    const auto& user = documents->at(0).at("users").at(0).at("user");
    const bool is_inline = user.contains("client-certificate-data");
    ClientCertificate certificate{std::string(path), {}};
    if (!is_inline) certificate.file = user.at("client-certificate").get<std::string>();
    auto pem = is_inline
                   ? config::decode_base64(user.at("client-certificate-data").get<std::string>())
                   : read_file(context.at(certificate.file));
    if (!pem) return pem.error();
    certificate.pem = std::move(*pem);
    return certificate;
  } catch (const std::exception&) {
    return Error(Errc::protocol, std::string(path) + " names no client certificate");
  }
}

std::vector<HeldCertificate> held_certificates(const Context& context) {
  std::vector<HeldCertificate> all;
  for (const Place& place : certificate_places)
    for (const std::string& file : files_of(context, place))
      if (const auto pem = read_file(context.at(file))) add(all, file, *pem);
  for (const std::string& path : files_of(context, kubeconfig_place))
    if (const auto client = client_certificate_of(context, path))
      add(all, client->file, client->pem);
  std::ranges::sort(all, {}, &HeldCertificate::file);
  if (all.size() > most_certificates) all.resize(most_certificates);
  return all;
}

}  // namespace kagent::noded
