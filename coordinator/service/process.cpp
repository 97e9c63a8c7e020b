#include "coordinator/service/process.hpp"

#include "agent/base/file.hpp"
#include "agent/base/log.hpp"
#include "agent/base/tls.hpp"
#include "agent/config/cluster_config.hpp"
#include "coordinator/service/address.hpp"
#include "coordinator/service/authority.hpp"
#include "coordinator/service/coordinator.hpp"
#include "coordinator/service/server.hpp"
#include "coordinator/service/site_content.hpp"

#include <chrono>

namespace kagent::coordinator {
namespace {

Result<Settings> load_settings(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text && text.error().code() != Errc::not_found) return text.error();
  auto config = config::parse_cluster_config(text ? *text : std::string(), file.string());
  if (!config) return config.error();
  Settings settings{std::move(*config), {}};
  const v1::EnrolmentConfig& enrolment = settings.config.enrolment();
  if (enrolment.attestation() != "ec2") return settings;
  auto certificates = attest::load_region_certificates(enrolment.ec2().certificates());
  if (!certificates) return certificates.error();
  settings.region_certificates = std::move(*certificates);
  return settings;
}

class RunningProcess final : public Process {
 public:
  RunningProcess(boost::asio::any_io_executor loop, Options options)
      : loop_(std::move(loop)), options_(std::move(options)) {}

  Result<> start(std::function<void(const Error&)> fatal);

  [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
  [[nodiscard]] std::uint16_t http_port() const override { return site_ ? site_->port() : 0; }
  [[nodiscard]] std::string user_data(bool with_token) const override {
    return coordinator_->user_data(with_token);
  }
  Result<> reload() override;
  void stop(std::function<void()> done) override;

 private:
  boost::asio::any_io_executor loop_;
  Options options_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<SiteContent> content_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Server> server_;
};

Result<> RunningProcess::start(std::function<void(const Error&)> fatal) {
  auto settings = load_settings(options_.config);
  if (!settings) return settings.error();
  auto state = open_state(options_.state, options_.token_file, std::chrono::system_clock::now());
  if (!state) return state.error();
  auto host =
      options_.advertise.empty() ? first_address() : Result<std::string>(options_.advertise);
  if (!host) return host.error();

  auto audit = Audit::open(options_.audit_log);
  if (!audit) return audit.error();
  const Authority authority = state->authority;
  coordinator_ = std::make_unique<Coordinator>(loop_, std::move(*state), std::move(*audit),
                                               std::move(*settings), std::move(fatal));
  auto server =
      start_server(loop_, {options_.listen, options_.admin_socket}, authority, *coordinator_);
  if (!server) return server.error();
  server_ = std::move(*server);
  coordinator_->start(host_port(*host, server_->port()));
  if (options_.http.empty()) return {};
  content_ = make_site_content(*coordinator_, authority.cluster_id);
  auto site = start_site(loop_, options_.http, *content_);
  if (!site) return site.error();
  site_ = std::move(*site);
  return {};
}

Result<> RunningProcess::reload() {
  auto settings = load_settings(options_.config);
  if (!settings) return settings.error();
  if (auto done = coordinator_->configure(std::move(*settings)); !done) return done;
  return coordinator_->reopen_audit();
}

void RunningProcess::stop(std::function<void()> done) {
  if (site_) site_->stop();
  coordinator_->stop();
  server_->shutdown(std::move(done));
}

}  // namespace

Result<std::unique_ptr<Process>> start_process(boost::asio::any_io_executor loop,
                                               const Options& options,
                                               std::function<void(const Error&)> fatal) {
  require_tls_1_3();
  auto process = std::make_unique<RunningProcess>(std::move(loop), options);
  if (auto started = process->start(std::move(fatal)); !started) return started.error();
  return std::unique_ptr<Process>(std::move(process));
}

Result<> check_config(const std::filesystem::path& file, bool must_exist) {
  std::error_code ignored;
  if (must_exist && !std::filesystem::exists(file, ignored))
    return Error(Errc::not_found, file.string() + ": there is no such file");
  const auto loaded = load_settings(file);
  return loaded ? Result<>() : Result<>(loaded.error());
}

}  // namespace kagent::coordinator
