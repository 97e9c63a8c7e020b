#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/common/base/printable.hpp"
#include "agent/common/base/text.hpp"
#include "agent/common/base/version.hpp"
#include "agent/imds/client.hpp"
#include "agent/imds/documents.hpp"
#include "agent/imds/platform.hpp"
#include "agent/imds/publish.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <random>

namespace {

using namespace kagent;
using boost::asio::awaitable;
using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
using Documents = std::map<std::string, std::string>;

struct Options {
  std::vector<std::string> endpoints{"http://169.254.169.254", "http://[fd00:ec2::254]"};
  std::filesystem::path into = std::filesystem::path(paths::user_data).parent_path();
  std::vector<std::filesystem::path> local{paths::local_user_data};
  std::filesystem::path platform = paths::platform;
  bool endpoint_given = false;
};

// User-data from a file instead of EC2. Empty if the file is blank or missing.
Result<std::string> read_local(const std::filesystem::path& file) {
  auto content = read_file(file);
  if (!content && content.error().code() == Errc::not_found) return std::string();
  if (content && trimmed(*content).empty()) content->clear();
  return content;
}

// Why the metadata service may be believed; empty: nothing says that this is EC2. Errors:
// invalid_argument for a platform file that says something else.
Result<std::string> reason_to_ask(const Options& options) {
  if (options.endpoint_given) return std::string("--endpoint");
  const auto content = read_local(options.platform);
  if (!content) return content.error();
  const std::string_view told = trimmed(*content);
  if (told == "ec2") return options.platform.string();
  if (!told.empty())
    return Error(Errc::invalid_argument, options.platform.string() + ": expected ec2, found \"" +
                                             printable(told, 64) + "\"");
  return imds::sign_of_ec2("/").value_or("");
}

awaitable<void> wait(imds::Wait order) {
  if (order.news) log::warning("{}; trying again in {} ms", order.reason, order.delay.count());
  co_await pause(order.delay);
}

awaitable<void> drive(imds::Fetch& fetch, Endpoints endpoints) {
  auto action = fetch.start();
  while (!std::holds_alternative<imds::Done>(action)) {
    if (auto* waiting = std::get_if<imds::Wait>(&action)) {
      co_await wait(*waiting);
      action = fetch.on_waited();
      continue;
    }
    Result<imds::Reply> reply = Error();
    if (auto* put = std::get_if<imds::PutToken>(&action))
      reply = co_await imds::put_token(endpoints[put->endpoint]);
    else if (auto* question = std::get_if<imds::Get>(&action))
      reply = co_await imds::get(endpoints[question->endpoint], question->path, question->token);
    action = fetch.on_reply(reply);
  }
}

// Errors: cancelled (by a signal).
Result<Documents> from_ec2(const Endpoints& endpoints) {
  boost::asio::io_context loop(1);
  boost::asio::signal_set stop(loop, SIGTERM, SIGINT);
  stop.async_wait([&](boost::system::error_code error, int) {
    if (!error) loop.stop();
  });
  imds::Fetch fetch({imds::documents.begin(), imds::documents.end()}, endpoints.size(),
                    std::random_device()());
  bool complete = false;
  auto work = drive(fetch, endpoints);
  boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failed) {
    if (failed) std::rethrow_exception(failed);
    complete = true;
    loop.stop();
  });
  loop.run();
  if (!complete) return Error(Errc::cancelled, "stopped before the metadata service answered");
  return fetch.found();
}

Result<> run(const Options& options) {
  for (const auto& file : options.local) {
    auto local = read_local(file);
    if (!local) return local.error();
    if (local->empty()) continue;
    log::info("user-data comes from {} ({} bytes), not from EC2", file.string(), local->size());
    return imds::publish(options.into, {{std::string(imds::user_data), std::move(*local)}});
  }
  const auto reason = reason_to_ask(options);
  if (!reason) return reason.error();
  if (reason->empty()) {
    log::info(
        "nothing says that this machine is an EC2 instance, so the metadata service is not asked; "
        "kagentd(8) lists the other sources of user-data. If this is EC2, write ec2 to {}",
        options.platform.string());
    return imds::publish(options.into, {});
  }
  log::info("this is EC2, says {}", *reason);
  Endpoints endpoints;
  for (const auto& url : options.endpoints) {
    auto endpoint = imds::parse_endpoint(url);
    if (!endpoint) return endpoint.error();
    endpoints.push_back(*endpoint);
  }
  auto found = from_ec2(endpoints);
  if (!found) return found.error();
  const auto user_data = found->find(std::string(imds::user_data));
  if (user_data == found->end())
    log::info("this instance was launched without user-data: there is nothing for kagent to do");
  else
    log::info("user-data of {} bytes fetched from the metadata service", user_data->second.size());
  return imds::publish(options.into, *found);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Fetches user-data and identity from the instance metadata service.", "kagent-imds");
  app.set_version_flag("--version", version_line("kagent-imds"));
  app.add_option("--endpoint", options.endpoints, "http://ADDRESS[:PORT]; several: tried in turn")
      ->capture_default_str();
  app.add_option("--into", options.into, "folder to write to")->capture_default_str();
  app.add_option("--local", options.local,
                 "user-data in place of EC2's, where this file exists; the first of several")
      ->capture_default_str();
  app.add_option("--platform", options.platform,
                 "a file that holds ec2 in an image made for EC2; without it the firmware decides "
                 "whether the metadata service is asked")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.endpoint_given = app.count("--endpoint") > 0;
  log::init("kagent-imds", log::Level::info);
  if (const auto done = run(options); !done) {
    log::error("{}", done.error().message());
    return 1;
  }
  return 0;
}
