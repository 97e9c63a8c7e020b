#include "agent/noded/kubeadm/kubeadm_program.hpp"

#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/step/address.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/programs.hpp"
#include "agent/noded/step/step.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char images_config[] = "/run/kagent/images.yaml";
constexpr char patches_folder[] = "/run/kagent/patches";

}  // namespace

asio::awaitable<Result<kubeadm::Version>> kubeadm_version(ContextPtr context) {
  Command::Argv argv{"kubeadm", "version", "-o", "short"};
  auto output =
      co_await answer_of(context, unit_name("kubeadm", "version"), std::move(argv), "", 60s);
  if (!output) co_return output.error();
  auto version = kubeadm::parse_version(*output);
  if (!version) co_return Error(Errc::protocol, "kubeadm version prints no version: " + *output);
  co_return *version;
}

asio::awaitable<Result<std::vector<std::string>>> kubeadm_images(ContextPtr context) {
  auto version = co_await kubeadm_version(context);
  if (!version) co_return version.error();
  kubeadm::NodeRegistration registration;
  registration.name = node_name();
  registration.cri_socket = cri_endpoint(*context);
  const auto document = kubeadm::images_documents(context->cluster, registration, *version);
  if (!document) co_return document.error();
  const FileWant config{images_config, *document, 0600};
  if (differs(*context, config))
    if (auto written = write_in_place(*context, config); !written) co_return written.error();
  Command::Argv argv{"kubeadm", "config", "images", "list", "--config", images_config};
  auto output =
      co_await answer_of(context, unit_name("kubeadm", "images"), std::move(argv), *document, 60s);
  if (!output) co_return output.error();
  std::vector<std::string> images;
  for (const std::string& line : lines_of(*output))
    if (line.find('/') != std::string::npos && line.find(' ') == std::string::npos)
      images.push_back(line);
  co_return images;
}

Result<kubeadm::NodeRegistration> registration_of(const Context& context) {
  kubeadm::NodeRegistration registration;
  std::error_code error;
  std::filesystem::remove_all(context.at(patches_folder), error);
  if (error) return errno_error(error.value(), patches_folder);
  for (const auto& [name, text] : context.cluster.kubeadm().patches()) {
    const FileWant file{fmt::format("{}/{}", patches_folder, name), text, 0600};
    if (auto written = write_in_place(context, file); !written) return written.error();
    registration.patches = patches_folder;
  }
  registration.name = node_name();
  registration.cri_socket = cri_endpoint(context);
  registration.node = &context.node;
  registration.address = given_address(context);
  return registration;
}

}  // namespace kagent::noded
