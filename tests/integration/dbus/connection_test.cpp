#include "agent/common/dbus/connection.hpp"
#include "agent/common/dbus/error.hpp"
#include "tests/integration/dbus/private_bus.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using kagent::Errc;
using kagent::Result;
using kagent::dbus::Connection;
using kagent::testing::PrivateBus;

namespace {

constexpr char interface[] = "io.kagent.Test1";
constexpr char path[] = "/io/kagent/test";

std::unique_ptr<Connection> connect(asio::io_context& io, const PrivateBus& bus,
                                    Connection::LostHandler lost = nullptr) {
  auto opened = Connection::open_address(io, bus.address(), std::move(lost));
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

// A service and its caller, on one bus and one loop.
struct Fixture {
  PrivateBus bus;
  asio::io_context io;
  std::unique_ptr<Connection> server = connect(io, bus);
  std::unique_ptr<Connection> client = connect(io, bus);
  std::unique_ptr<sdbus::IObject> object = sdbus::createObject(server->bus(), path);
  std::unique_ptr<sdbus::IProxy> proxy =
      sdbus::createProxy(client->bus(), server->bus().getUniqueName(), path);
  std::optional<sdbus::Result<std::string>> unanswered;

  Fixture() {
    object->registerMethod("Twice").onInterface(interface).implementedAs(
        [](const std::string& word) { return word + word; });
    object->registerMethod("Refuse").onInterface(interface).implementedAs([]() -> std::string {
      throw kagent::dbus::to_dbus(kagent::Error{Errc::failed_precondition, "not now"});
    });
    object->registerMethod("Never").onInterface(interface).implementedAs(
        [this](sdbus::Result<std::string>&& result) { unanswered = std::move(result); });
    object->registerSignal("Rang").onInterface(interface).withParameters<std::string>();
    object->finishRegistration();
    server->rearm();
  }

  template <class... Args>
  Result<std::string> call(const std::string& method, std::chrono::milliseconds timeout,
                           const Args&... args) {
    std::optional<Result<std::string>> answer;
    auto message = kagent::dbus::make_call(*proxy, interface, method, args...);
    asio::co_spawn(io, ask(*client, *proxy, std::move(message), timeout),
                   [&](const std::exception_ptr&, Result<std::string> result) {
                     answer = std::move(result);
                     io.stop();
                   });
    io.restart();
    io.run();
    REQUIRE(answer.has_value());
    return *answer;
  }

  static asio::awaitable<Result<std::string>> ask(Connection& connection, sdbus::IProxy& proxy,
                                                  sdbus::MethodCall message,
                                                  std::chrono::milliseconds timeout) {
    auto reply = co_await kagent::dbus::call(connection, proxy, std::move(message), timeout);
    co_return kagent::dbus::read<std::string>(std::move(reply));
  }
};

asio::awaitable<bool> given_up(Fixture& fixture) {
  using namespace asio::experimental::awaitable_operators;
  auto message = kagent::dbus::make_call(*fixture.proxy, interface, "Never");
  asio::steady_timer timer(fixture.io, 1ms);
  auto first = co_await (kagent::dbus::call(*fixture.client, *fixture.proxy, std::move(message)) ||
                         timer.async_wait(asio::use_awaitable));
  co_return first.index() == 1;
}

}  // namespace

TEST_CASE("a call is answered on the loop") {
  Fixture fixture;
  const auto answer = fixture.call("Twice", 5s, std::string("ha"));
  REQUIRE(answer.has_value());
  CHECK(*answer == "haha");
}

TEST_CASE("an error keeps its code across the bus") {
  Fixture fixture;
  const auto answer = fixture.call("Refuse", 5s);
  REQUIRE(answer.has_error());
  CHECK(answer.error().code() == Errc::failed_precondition);
  CHECK(answer.error().message() == "not now");
}

TEST_CASE("a call without an answer ends at its deadline") {
  Fixture fixture;
  const auto answer = fixture.call("Never", 20ms);
  REQUIRE(answer.has_error());
  CHECK(answer.error().code() == Errc::deadline_exceeded);
}

TEST_CASE("an unknown method gives not_found") {
  Fixture fixture;
  CHECK(fixture.call("Missing", 5s).error().code() == Errc::not_found);
}

TEST_CASE("a cancelled call completes") {
  Fixture fixture;
  std::optional<bool> timer_won;
  asio::co_spawn(fixture.io, given_up(fixture), [&](const std::exception_ptr&, bool won) {
    timer_won = won;
    fixture.io.stop();
  });
  fixture.io.run();
  CHECK(timer_won == true);
}

TEST_CASE("a signal that arrives during a synchronous call is delivered") {
  PrivateBus bus;
  asio::io_context io;
  auto client = connect(io, bus);
  std::string heard;
  auto match = client->bus().addMatch("type='signal',interface='io.kagent.Test1'",
                                      [&](sdbus::Message& message) {
                                        message >> heard;
                                        io.stop();
                                      });
  // Sent by another connection on another loop, so that the signal arrives before the synchronous
  // call reads.
  asio::io_context other;
  auto server = connect(other, bus);
  auto object = sdbus::createObject(server->bus(), path);
  object->registerSignal("Rang").onInterface(interface).withParameters<std::string>();
  object->finishRegistration();
  object->emitSignal("Rang").onInterface(interface).withArguments(std::string("ding"));
  auto daemon = sdbus::createProxy(server->bus(), "org.freedesktop.DBus", "/org/freedesktop/DBus");
  std::string id;
  daemon->callMethod("GetId").onInterface("org.freedesktop.DBus").storeResultsTo(id);

  auto proxy = sdbus::createProxy(client->bus(), "org.freedesktop.DBus", "/org/freedesktop/DBus");
  proxy->callMethod("GetId").onInterface("org.freedesktop.DBus").storeResultsTo(id);
  client->rearm();
  io.run_for(5s);
  CHECK(heard == "ding");
}

TEST_CASE("the loss of the bus is reported once, after pending calls have failed") {
  PrivateBus bus;
  asio::io_context io;
  int lost = 0;
  auto server = connect(io, bus);
  auto client = connect(io, bus, [&](const kagent::Error& error) {
    CHECK(error.code() == Errc::unavailable);
    ++lost;
  });
  auto object = sdbus::createObject(server->bus(), path);
  std::optional<sdbus::Result<std::string>> unanswered;
  object->registerMethod("Never").onInterface(interface).implementedAs(
      [&](sdbus::Result<std::string>&& result) {
        unanswered = std::move(result);
        bus.stop();
      });
  object->finishRegistration();
  auto proxy = sdbus::createProxy(client->bus(), server->bus().getUniqueName(), path);
  std::optional<Result<std::string>> answer;
  auto message = kagent::dbus::make_call(*proxy, interface, "Never");
  asio::co_spawn(io, Fixture::ask(*client, *proxy, std::move(message), 5s),
                 [&](const std::exception_ptr&, Result<std::string> result) {
                   CHECK(lost == 0);
                   answer = std::move(result);
                 });
  io.run_for(5s);
  CHECK(lost == 1);
  CHECK(client->lost());
  REQUIRE(answer.has_value());
  CHECK(answer->has_error());
}

TEST_CASE("a missing bus is an error, not an exception") {
  asio::io_context io;
  auto opened = Connection::open_address(io, "unix:path=/nonexistent/bus", nullptr);
  REQUIRE(opened.has_error());
  CHECK(opened.error().code() == Errc::unavailable);
}
