#include "coordinator/ctl/render/kubeconfig.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <filesystem>
#include <iostream>

namespace kagent::ctl {
namespace {

// The key is made here and never leaves this machine but in the kubeconfig.
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
  return render::kubeconfig(*issued, *key_pem);
}

}  // namespace

ExitCode run_kubeconfig(const Endpoint& endpoint, const KubeconfigOptions& options) {
  std::error_code ignored;
  if (!options.file.empty() && std::filesystem::exists(options.file, ignored))
    return fail(Error(Errc::invalid_argument,
                      options.file + " exists, and nothing is merged into it: give another name"));
  if (options.file.empty() && on_terminal())
    return fail(Error(Errc::invalid_argument,
                      "a kubeconfig is a secret and not for the screen: give --output FILE"));
  const auto text = fetch(endpoint, options.lifetime);
  if (!text) return fail(text.error());
  if (options.file.empty()) {
    std::cout << *text << std::flush;
    return std::cout ? exit_ok : fail(Error(Errc::io, "stdout cannot be written"));
  }
  if (auto written = write_file_atomic(options.file, *text, 0600); !written)
    return fail(written.error());
  std::cout << "wrote " << options.file << ": kubectl --kubeconfig " << options.file
            << " get nodes\n";
  return exit_ok;
}

}  // namespace kagent::ctl
