// Tests the installed D-Bus policy of kagent-noded on a private bus.
#include "agent/common/dbus/connection.hpp"
#include "tests/integration/dbus/private_bus.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using kagent::dbus::Connection;
using kagent::testing::PrivateBus;

namespace {

constexpr uid_t nobody = 65534;
constexpr char node1[] = "io.kagent.Node1", node1_path[] = "/io/kagent/Node1";
constexpr char other_interface[] = "io.kagent.Test1", other_path[] = "/io/kagent/test";

std::unique_ptr<Connection> connect(asio::io_context& io, const PrivateBus& bus) {
  auto opened = Connection::open_address(io, bus.address(), nullptr);
  if (!opened) throw std::runtime_error(opened.error().message());
  return std::move(*opened);
}

// A process of another user that listens to both signals and reports which one came first.
class Listener {
 public:
  Listener(const PrivateBus& bus, uid_t user) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      listen(bus, user, ends[1]);
    }
    ::close(ends[1]);
    from_ = ends[0];
    CHECK(read() == 'r');  // ready
  }
  ~Listener() {
    ::close(from_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] char read() const {
    char byte = 0;
    return ::read(from_, &byte, 1) == 1 ? byte : '-';
  }

 private:
  [[noreturn]] static void listen(const PrivateBus& bus, uid_t user, int to) {
    const auto say = [to](char byte) {
      if (::write(to, &byte, 1) != 1) ::_exit(1);
    };
    if (::setresuid(user, user, user) != 0) ::_exit(1);
    try {
      asio::io_context io;
      const auto connection = connect(io, bus);
      const auto node = sdbus::createProxy(connection->bus(), node1, node1_path);
      node->uponSignal("StepFinished").onInterface(node1).call([&](const std::string&) {
        say('n');
      });
      node->finishRegistration();
      const auto other = sdbus::createProxy(connection->bus(), "io.kagent.Test1", other_path);
      other->uponSignal("Rang").onInterface(other_interface).call([&](const std::string&) {
        say('o');
      });
      other->finishRegistration();
      connection->rearm();
      say('r');
      io.run_for(10s);
    } catch (const std::exception&) {
      ::_exit(2);
    }
    ::_exit(0);
  }

  pid_t pid_ = -1;
  int from_ = -1;
};

std::unique_ptr<sdbus::IObject> sender(Connection& connection, const char* name, const char* path,
                                       const char* interface, const char* signal) {
  connection.bus().requestName(name);
  auto object = sdbus::createObject(connection.bus(), path);
  object->registerSignal(signal).onInterface(interface).withParameters<std::string>();
  object->finishRegistration();
  return object;
}

}  // namespace

TEST_CASE("T14 only root and kagentd receive noded's signals, which carry lines of the journal") {
  if (::geteuid() != 0) SKIP("other users are needed, so root is");
  const PrivateBus bus("<include>" KAGENT_SOURCE "/systemd/io.kagent.Node1.conf</include>");
  asio::io_context io;
  const auto noded = connect(io, bus), other = connect(io, bus);
  const auto node = sender(*noded, node1, node1_path, node1, "StepFinished");
  const auto bell = sender(*other, "io.kagent.Test1", other_path, other_interface, "Rang");
  const Listener as_nobody(bus, nobody), as_root(bus, 0);
  node->emitSignal("StepFinished").onInterface(node1).withArguments(std::string("a line"));
  // The bus delivers signals in their order, so the first has been delivered or refused by then.
  const auto daemon =
      sdbus::createProxy(noded->bus(), "org.freedesktop.DBus", "/org/freedesktop/DBus");
  std::string id;
  daemon->callMethod("GetId").onInterface("org.freedesktop.DBus").storeResultsTo(id);
  bell->emitSignal("Rang").onInterface(other_interface).withArguments(std::string("now"));
  other->rearm();
  CHECK(as_root.read() == 'n');
  CHECK(as_root.read() == 'o');
  CHECK(as_nobody.read() == 'o');
}
