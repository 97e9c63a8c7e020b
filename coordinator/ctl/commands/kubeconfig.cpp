#include "coordinator/ctl/render/kubeconfig.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <filesystem>
#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(It makes its holder an administrator (group system:masters). The key is
made on this machine; a control plane signs its certificate, and the
coordinator's journal says for whom.

FILE must not exist; it is created with mode 0600. Without --output the
kubeconfig goes to standard output, unless that is a terminal.)";

struct Options {
  std::string file;  // empty: stdout
  std::chrono::seconds lifetime{std::chrono::hours(8)};
};

// Errors: invalid_argument.
Result<render::Kubeconfig> checked(const v1::GetKubeconfigResponse& issued, std::string key_pem) {
  auto api_server = values::HostPort::parse_https_url(issued.api_server());
  if (!api_server) return api_server.error();
  auto ca = pki::PemCertificates::parse(issued.ca_certificates());
  if (!ca) return ca.error();
  auto certificate = pki::PemCertificates::parse(issued.certificate());
  if (!certificate) return certificate.error();
  return render::Kubeconfig{issued.cluster_name(), std::move(*api_server),  std::move(*ca),
                            issued.user(),         std::move(*certificate), std::move(key_pem)};
}

// Makes the key here; only the kubeconfig holds it.
Result<std::string> fetch(const Endpoint& endpoint, std::chrono::seconds lifetime) {
  const auto client = connect(endpoint);
  if (!client) return client.error();
  const auto key = pki::generate_key();
  if (!key) return key.error();
  const auto csr = pki::make_csr(*key, "kagentctl");
  if (!csr) return csr.error();
  const auto key_pem = pki::key_to_pem(*key);
  if (!key_pem) return key_pem.error();
  const auto issued = (*client)->get_kubeconfig(*csr, lifetime);
  if (!issued) return issued.error();
  auto parts = checked(*issued, *key_pem);
  if (!parts) return parts.error().context("the answer of the control plane is not used");
  return render::kubeconfig(*parts);
}

ExitCode run(const Endpoint& endpoint, const Options& options) {
  std::error_code ignored;
  if (!options.file.empty() && std::filesystem::exists(options.file, ignored))
    return fail(
        Error(Errc::invalid_argument,
              options.file + " exists, and kagentctl does not merge kubeconfigs; give a new file"));
  if (options.file.empty() && on_terminal())
    return fail(
        Error(Errc::invalid_argument,
              "a kubeconfig is a secret and is not printed on a terminal; give --output FILE"));
  const auto text = fetch(endpoint, options.lifetime);
  if (!text) return fail(text.error());
  if (options.file.empty()) {
    std::cout << *text << std::flush;
    return std::cout ? exit_ok : fail(Error(Errc::io, "cannot write to stdout"));
  }
  if (auto written = write_file_atomic(options.file, *text, 0600); !written)
    return fail(written.error());
  std::cout << "wrote " << options.file << ": kubectl --kubeconfig " << options.file
            << " get nodes\n";
  return exit_ok;
}

}  // namespace

Command make_kubeconfig(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("kubeconfig", "Create a short-lived kubeconfig for kubectl", details);
  command.option("-o,--output", "FILE", into(options->file), "A new file (default: stdout)").offer =
      Offer::files;
  command.option("--lifetime", "TIME", into(options->lifetime),
                 "How long it is valid, such as 90m or 8h; at most 168h");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
