#include "agent/kagentd/envelopes.hpp"
#include "tests/unit/kagentd/fake_node_client.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/asio/io_context.hpp>

namespace kagent::kagentd {
namespace {

namespace asio = boost::asio;

struct Fixture {
  asio::io_context io;
  Tasks tasks{io.get_executor()};
  FakeNodeClient node;
  std::size_t handled = 0;
  int changes = 0;
  Envelopes envelopes{
      tasks, node,
      Envelopes::Handlers{[this](Delivered) { return handle(); }, [this] { ++changes; }, [] {}}};

  asio::awaitable<void> handle() {
    ++handled;
    co_return;
  }
  // Runs all that is ready: no timer has time to expire.
  void run() {
    io.restart();
    io.poll();
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "Envelopes reach noded one by one, in their order") {
  envelopes.take("first");
  envelopes.take("second");
  run();
  CHECK(node.delivered == std::vector<std::string>{"first", "second"});
  CHECK(handled == 2);
  CHECK(changes == 0);
  CHECK_FALSE(envelopes.obstacle());
}

TEST_CASE_METHOD(Fixture, "An envelope that noded refuses is an obstacle until one is accepted") {
  node.answers.emplace_back(Error(Errc::permission_denied, "it is for another node"));
  envelopes.take("refused");
  run();
  REQUIRE(envelopes.obstacle());
  CHECK(envelopes.obstacle()->message.find("it is for another node") != std::string::npos);
  CHECK(changes == 1);
  CHECK(handled == 0);
  envelopes.take("accepted");
  run();
  CHECK_FALSE(envelopes.obstacle());
  CHECK(changes == 2);
  CHECK(node.delivered == std::vector<std::string>{"refused", "accepted"});
}

TEST_CASE_METHOD(Fixture, "An envelope waits for a noded that does not answer") {
  node.answers.emplace_back(Error(Errc::unavailable, "nobody has the name"));
  envelopes.take("first");
  envelopes.take("second");
  run();
  CHECK(node.delivered == std::vector<std::string>{"first"});
  CHECK(envelopes.obstacle());
}

TEST_CASE_METHOD(Fixture, "A delivery that is cancelled is no obstacle") {
  node.answers.emplace_back(Error(Errc::cancelled, "given up"));
  envelopes.take("first");
  run();
  CHECK_FALSE(envelopes.obstacle());
  CHECK(changes == 0);
}

}  // namespace kagent::kagentd
