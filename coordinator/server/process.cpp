#include "coordinator/server/process.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/config/cluster_config.hpp"
#include "agent/common/trust/tls.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/coordinator.hpp"
#include "coordinator/core/state.hpp"
#include "coordinator/server/server.hpp"
#include "coordinator/server/site_content.hpp"
#include "coordinator/store/leadership.hpp"

#include <unistd.h>
#include <boost/asio/post.hpp>

#include <array>
#include <chrono>
#include <utility>

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

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "a coordinator";
}

// What the site shows: first the standby content, then that of the serving coordinator.
class ShownContent final : public SiteContent {
 public:
  void show(std::unique_ptr<SiteContent> content) { content_ = std::move(content); }
  [[nodiscard]] bool ready() const override { return content_->ready(); }
  [[nodiscard]] std::string metrics() const override { return content_->metrics(); }
  [[nodiscard]] std::string nodes_json() const override { return content_->nodes_json(); }

 private:
  std::unique_ptr<SiteContent> content_;
};

class RunningProcess final : public Process {
 public:
  RunningProcess(boost::asio::any_io_executor loop, Options options, ProcessEvents events)
      : loop_(std::move(loop)), options_(std::move(options)), events_(std::move(events)) {}

  Result<> start();

  [[nodiscard]] bool serving() const override { return server_ != nullptr; }
  [[nodiscard]] std::string status() const override { return status_; }
  [[nodiscard]] std::uint16_t port() const override { return server_ ? server_->port() : 0; }
  [[nodiscard]] std::uint16_t http_port() const override { return site_ ? site_->port() : 0; }
  [[nodiscard]] std::string user_data(bool with_token) const override {
    return coordinator_->user_data().line(with_token);
  }
  Result<> reload() override;
  void stop(std::function<void()> done) override;

 private:
  Result<> stand_by();
  Result<> serve(const StoreSource& source);
  Result<> show(std::unique_ptr<SiteContent> content);
  void won(const etcd::Fence& fence);
  void tell(std::string status);
  void fail(const Error& error);

  boost::asio::any_io_executor loop_;
  Options options_;
  ProcessEvents events_;
  std::string status_;
  bool failed_ = false;
  std::string prefix_;  // of the store in etcd
  std::shared_ptr<etcd::Client> etcd_;
  std::unique_ptr<Leadership> leadership_;
  std::unique_ptr<Coordinator> coordinator_;
  ShownContent content_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Server> server_;
};

Result<> RunningProcess::start() {
  return options_.store.url.empty() ? serve(sqlite_source(options_.state)) : stand_by();
}

Result<> RunningProcess::stand_by() {
  // A wrong configuration must show now, not when this coordinator takes over.
  if (auto settings = load_settings(options_.config); !settings) return settings.error();
  const auto address = parse_etcd_address(options_.store);
  if (!address) return address.error();
  if (address->ca_pem.empty()) log::warning("the connection to etcd is not encrypted");
  prefix_ = address->prefix;
  etcd_ = std::make_shared<etcd::Client>(*address);
  const auto owner = owner_of_etcd_store(*etcd_, prefix_);
  if (!owner) return owner.error();
  if (*owner)
    if (auto fits = check_folder(options_.state, **owner); !fits) return fits;
  Leadership::Events events;
  events.standing_by = [this](const std::string& holder) {
    tell("standing by: " + holder + " is the active coordinator");
  };
  events.won = [this](const etcd::Fence& fence) { won(fence); };
  events.lost = [this](const Error& why) { fail(why); };
  if (auto shown = show(make_standby_content()); !shown) return shown;
  leadership_ = std::make_unique<Leadership>(loop_, etcd_, prefix_, host_name(), std::move(events));
  leadership_->start();
  return {};
}

void RunningProcess::won(const etcd::Fence& fence) {
  const auto source =
      etcd_source(options_.state, etcd_, prefix_, fence, [this](const Error& why) { fail(why); });
  auto serves = source ? serve(*source) : Result<>(source.error());
  if (!serves) fail(serves.error());
}

Result<> RunningProcess::serve(const StoreSource& source) {
  auto settings = load_settings(options_.config);
  if (!settings) return settings.error();
  auto state =
      open_state(options_.state, options_.token_file, std::chrono::system_clock::now(), source);
  if (!state) return state.error();
  auto host =
      options_.advertise.empty() ? first_address() : Result<std::string>(options_.advertise);
  if (!host) return host.error();

  auto audit = Audit::open(options_.audit_log);
  if (!audit) return audit.error();
  const Authority authority = state->authority;
  coordinator_ = std::make_unique<Coordinator>(loop_, std::move(*state), std::move(*audit),
                                               std::move(*settings),
                                               [this](const Error& error) { fail(error); });
  auto server =
      start_server(loop_, {options_.listen, options_.admin_socket}, authority, *coordinator_);
  if (!server) return server.error();
  server_ = std::move(*server);
  coordinator_->start(host_port(*host, server_->port()));
  if (auto shown = show(make_site_content(*coordinator_, authority.cluster_id)); !shown)
    return shown;
  tell("listening on " + options_.listen);
  return {};
}

Result<> RunningProcess::show(std::unique_ptr<SiteContent> content) {
  content_.show(std::move(content));
  if (site_ || options_.http.empty()) return {};
  auto site = start_site(loop_, options_.http, content_);
  if (!site) return site.error();
  site_ = std::move(*site);
  return {};
}

void RunningProcess::tell(std::string status) {
  status_ = std::move(status);
  if (events_.changed) boost::asio::post(loop_, events_.changed);
}

void RunningProcess::fail(const Error& error) {
  if (std::exchange(failed_, true)) return;
  // Another coordinator then need not wait until the lease expires.
  if (leadership_) leadership_->resign([] {});
  events_.fatal(error);
}

Result<> RunningProcess::reload() {
  auto settings = load_settings(options_.config);
  if (!settings) return settings.error();
  if (!serving()) return {};  // read again when this coordinator takes over
  if (auto done = coordinator_->configure(std::move(*settings)); !done) return done;
  return coordinator_->reopen_audit();
}

void RunningProcess::stop(std::function<void()> done) {
  const auto ended = [left = std::make_shared<int>(2), done = std::move(done)] {
    if (--*left == 0) done();
  };
  if (site_) site_->stop();
  if (coordinator_) coordinator_->stop();
  if (coordinator_ && etcd_)
    if (const auto owner = owner_of_etcd_store(*etcd_, prefix_); owner && *owner)
      (void)note_revision(options_.state, (*owner)->revision);
  // Only after the last write.
  if (leadership_)
    leadership_->resign(ended);
  else
    boost::asio::post(loop_, ended);
  if (server_)
    server_->shutdown(ended);
  else
    boost::asio::post(loop_, ended);
}

}  // namespace

Result<std::unique_ptr<Process>> start_process(boost::asio::any_io_executor loop,
                                               const Options& options, ProcessEvents events) {
  require_tls_1_3();
  auto process = std::make_unique<RunningProcess>(std::move(loop), options, std::move(events));
  if (auto started = process->start(); !started) return started.error();
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
