#include "agent/noded/kubeadm/upload_certificates.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char config_path[] = "/run/kagent/upload-certs.yaml";
constexpr std::chrono::seconds time_limit{60};
constexpr std::size_t key_bytes = 32;

asio::awaitable<Result<>> write_config(ContextPtr context, std::string key) {
  auto version = co_await kubeadm_version(context);
  if (!version) co_return version.error();
  const auto registration = registration_of(*context);
  if (!registration) co_return registration.error();
  kubeadm::InitSecrets secrets;
  secrets.bootstrap_token = pki::random_hex(3) + "." +
                            pki::random_hex(8);  // required by kubeadm's parser, but never used
  secrets.certificate_key = std::move(key);
  auto text = kubeadm::init_documents(context->cluster, *registration, *version, secrets);
  if (!text) co_return text.error();
  const FileWant file{config_path, *text, 0600};
  co_return write_in_place(*context, file);
}

}  // namespace

asio::awaitable<Result<std::string>> upload_certificates(ContextPtr context) {
  if (!context->control_plane() || !context->exists("/etc/kubernetes/pki/ca.key") ||
      !context->exists("/etc/kubernetes/admin.conf"))
    co_return Error(Errc::failed_precondition, "this node is no control plane of a cluster yet");
  const std::string key = pki::random_hex(key_bytes);
  auto written = co_await write_config(context, key);
  if (!written) co_return written.error().context("upload-certs");
  Command::Argv argv{"kubeadm",        "init",     "phase",     "upload-certs",
                     "--upload-certs", "--config", config_path, "--skip-certificate-key-print"};
  const std::string unit = unit_name("upload-certs");
  Command command(unit, std::move(argv), time_limit);
  auto run = co_await context->commands->run(std::move(command));
  if (auto gone = remove_file(context->at(config_path)); !gone)
    log::warning("{}", gone.error().message());
  if (!run) co_return run.error().context("upload-certs");
  if (run->ok()) co_return key;
  const Outcome ended = co_await unit_failed(*run, "upload-certs.failed", "", "");
  const auto& journal = ended.failure->journal;
  const std::string last = journal.empty() ? run->result : journal.back();
  co_return Error(
      Errc::unavailable,
      fmt::format("kubeadm could not upload the certificates: {} (journalctl -u {})", last, unit));
}

}  // namespace kagent::noded
