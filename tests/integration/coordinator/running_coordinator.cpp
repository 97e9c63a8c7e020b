#include "tests/integration/coordinator/running_coordinator.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/common/trust/ca_pin.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <iterator>
#include <stdexcept>

namespace kagent::coordinator {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

}  // namespace

RunningCoordinator::RunningCoordinator(std::string config, std::string listen)
    : listen_(std::move(listen)) {
  std::filesystem::create_directory(state());
  if (!config.empty()) write_config(std::move(config));
  start();
}

RunningCoordinator::RunningCoordinator(EtcdAddress store, const RunningCoordinator* twin)
    : listen_("127.0.0.1:0"), store_(std::move(store)) {
  std::filesystem::create_directory(state());
  if (twin != nullptr)
    for (const char* name : {"cluster-id", "ca.key", "ca.crt", "enrolment-token"})
      std::filesystem::copy(twin->state() / name, state() / name);
  start();
}

void Happenings::add(std::string what) {
  const std::lock_guard lock(mutex_);
  all_.push_back(std::move(what));
  added_.notify_one();
}

std::string Happenings::next() {
  std::unique_lock lock(mutex_);
  if (!added_.wait_for(lock, std::chrono::seconds(30), [this] { return !all_.empty(); }))
    throw std::runtime_error("nothing happens");
  std::string what = std::move(all_.front());
  all_.pop_front();
  return what;
}

bool RunningCoordinator::serving() const {
  return process_->serving();
}

void RunningCoordinator::wait_until_serving() {
  while (!changes_.next().starts_with("listening")) {
  }
}

std::string RunningCoordinator::wait_for_fatal() {
  return ends_.next();
}

void RunningCoordinator::write_config(std::string config) {
  for (auto at = config.find("FOLDER"); at != std::string::npos; at = config.find("FOLDER"))
    config.replace(at, 6, folder_.path().string());
  const std::string text = "apiVersion: kagent.io/v1\nkind: ClusterConfig\n" + config;
  if (auto written = write_file_atomic(folder_ / "cluster.yaml", text, 0600); !written)
    throw std::runtime_error(written.error().message());
}

Result<> RunningCoordinator::reload() {
  std::promise<Result<>> done;
  boost::asio::post(*loop_, [&] { done.set_value(process_->reload()); });
  return done.get_future().get();
}

RunningCoordinator::~RunningCoordinator() {
  stop();
}

void RunningCoordinator::start(bool wait) {
  Options options;
  options.listen = listen_;
  options.http = "127.0.0.1:0";
  options.state = state();
  options.admin_socket = admin_socket();
  options.config = folder_ / "cluster.yaml";
  options.audit_log = folder_ / "audit.jsonl";
  options.advertise = "127.0.0.1";
  options.store = store_;
  ProcessEvents events;
  events.fatal = [this](const Error& error) {
    if (!expects_fatal_ && store_.url.empty()) throw std::runtime_error(error.message());
    fatal_ = error.message();
    ends_.add(error.message());
  };
  // The test is told what the event is about: it reads nothing of the loop's own.
  events.changed = [this] { changes_.add(process_->status()); };
  loop_ = std::make_unique<boost::asio::io_context>(1);
  process_ = must(start_process(loop_->get_executor(), options, std::move(events)));
  thread_.emplace([loop = loop_.get()] {
    const auto work = boost::asio::make_work_guard(*loop);
    loop->run();
  });
  if (wait && !store_.url.empty()) changes_.next();
}

void RunningCoordinator::stop() {
  if (!thread_) return;
  boost::asio::post(*loop_, [this] { process_->stop([this] { loop_->stop(); }); });
  thread_->join();
  thread_.reset();
  process_.reset();
  loop_.reset();
}

std::string RunningCoordinator::address() const {
  return "127.0.0.1:" + std::to_string(process_->port());
}

std::string RunningCoordinator::user_data(bool with_token) const {
  return process_->user_data(with_token);
}

std::string RunningCoordinator::token() const {
  return must(config::parse_coordinator_url(user_data(true))).token;
}

std::string RunningCoordinator::ca_sha256() const {
  return must(config::parse_coordinator_url(user_data(false))).ca_sha256;
}

std::string RunningCoordinator::ca_pem(const std::string& pin) const {
  return must(fetch_pinned_ca("127.0.0.1", process_->port(), pin.empty() ? ca_sha256() : pin,
                              std::chrono::seconds(10)))
      .pem;
}

std::uint16_t RunningCoordinator::http_port() const {
  return process_->http_port();
}

HttpAnswer get(std::uint16_t port, const std::string& path) {
  boost::asio::ip::tcp::iostream stream("127.0.0.1", std::to_string(port));
  stream.expires_after(std::chrono::seconds(10));
  stream << "GET " << path << " HTTP/1.0\r\nHost: test\r\n\r\n" << std::flush;
  std::string version;
  HttpAnswer answer;
  stream >> version >> answer.status;
  answer.body.assign(std::istreambuf_iterator<char>(stream), {});
  return answer;
}

}  // namespace kagent::coordinator
