#include "agent/common/base/tasks.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <optional>
#include <stdexcept>

using namespace std::chrono_literals;
using kagent::Tasks;
namespace asio = boost::asio;

namespace {

struct Trace {
  bool began = false, ended = false, went_on = false;
};

struct NoteEnd {
  explicit NoteEnd(std::shared_ptr<Trace> held) : trace(std::move(held)) {}
  ~NoteEnd() { trace->ended = true; }
  std::shared_ptr<Trace> trace;
};

asio::awaitable<void> sleep(std::chrono::hours delay, std::shared_ptr<Trace> trace) {
  const NoteEnd at_end(trace);
  trace->began = true;
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  co_await timer.async_wait(asio::use_awaitable);
  trace->went_on = true;
}

asio::awaitable<void> fail() {
  throw std::runtime_error("a bug");
  co_return;
}

asio::awaitable<void> join(Tasks& tasks, bool& joined) {
  co_await tasks.join();
  joined = true;
}

}  // namespace

TEST_CASE("a task runs to its end") {
  asio::io_context io;
  Tasks tasks(io.get_executor());
  const auto trace = std::make_shared<Trace>();
  tasks.start(sleep(0h, trace));
  CHECK(tasks.running() == 1);
  io.run();
  CHECK(trace->went_on);
  CHECK(tasks.running() == 0);
}

TEST_CASE("join returns once every cancelled task has ended") {
  asio::io_context io;
  Tasks tasks(io.get_executor());
  const auto one = std::make_shared<Trace>();
  const auto other = std::make_shared<Trace>();
  bool joined = false;
  tasks.start(sleep(1h, one));
  tasks.start(sleep(2h, other));
  asio::co_spawn(io, join(tasks, joined), asio::detached);
  io.poll();
  REQUIRE(one->began);
  REQUIRE(!joined);
  tasks.cancel();
  tasks.cancel();
  io.run();
  CHECK(joined);
  CHECK((one->ended && other->ended));
  CHECK((!one->went_on && !other->went_on));
}

TEST_CASE("join returns at once when there is no task") {
  asio::io_context io;
  Tasks tasks(io.get_executor());
  bool joined = false;
  asio::co_spawn(io, join(tasks, joined), asio::detached);
  io.poll();
  CHECK(joined);
}

TEST_CASE("no task starts after the owner was cancelled") {
  asio::io_context io;
  Tasks tasks(io.get_executor());
  tasks.cancel();
  const auto trace = std::make_shared<Trace>();
  tasks.start(sleep(1h, trace));
  CHECK(tasks.running() == 0);
  io.run();
  CHECK_FALSE(trace->began);
}

TEST_CASE("a task that throws ends alone") {
  asio::io_context io;
  Tasks tasks(io.get_executor());
  const auto trace = std::make_shared<Trace>();
  tasks.start(fail());
  tasks.start(sleep(0h, trace));
  io.run();
  CHECK(trace->went_on);
  CHECK(tasks.running() == 0);
}

TEST_CASE("a destroyed owner cancels its tasks") {
  asio::io_context io;
  std::optional<Tasks> tasks(std::in_place, io.get_executor());
  const auto trace = std::make_shared<Trace>();
  tasks->start(sleep(1h, trace));
  io.poll();
  tasks.reset();
  io.run();
  CHECK(trace->ended);
  CHECK_FALSE(trace->went_on);
}

TEST_CASE("tasks that never end go with their loop") {
  const auto trace = std::make_shared<Trace>();
  {
    asio::io_context io;
    Tasks tasks(io.get_executor());
    tasks.start(sleep(1h, trace));
    io.poll();
  }
  CHECK(trace->ended);
}
