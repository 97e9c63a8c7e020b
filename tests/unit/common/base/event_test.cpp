#include "agent/common/base/event.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <exception>

namespace kagent {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> count_after(Event& event, int& count) {
  co_await event.wait();
  ++count;
}

class Waiting {
 public:
  void wait() {
    asio::co_spawn(io_, count_after(event_, count_), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
  }
  // Runs all that is ready; the number of waits that have returned so far.
  int returned() {
    io_.restart();
    io_.poll();
    return count_;
  }
  Event& event() { return event_; }

 private:
  asio::io_context io_;
  Event event_{io_.get_executor()};
  int count_ = 0;
};

TEST_CASE("An event wakes every coroutine that waits for it") {
  Waiting waiting;
  waiting.wait();
  waiting.wait();
  CHECK(waiting.returned() == 0);
  waiting.event().set();
  CHECK(waiting.returned() == 2);
}

TEST_CASE("Waiting for an event that is set returns at once") {
  Waiting waiting;
  waiting.event().set();
  waiting.wait();
  CHECK(waiting.returned() == 1);
}

TEST_CASE("An event that was reset is waited for again") {
  Waiting waiting;
  waiting.event().set();
  waiting.event().reset();
  CHECK_FALSE(waiting.event().is_set());
  waiting.wait();
  CHECK(waiting.returned() == 0);
  waiting.event().set();
  CHECK(waiting.returned() == 1);
}

TEST_CASE("A reset does not hold back waiters that are already woken") {
  Waiting waiting;
  waiting.wait();
  CHECK(waiting.returned() == 0);
  waiting.event().set();
  waiting.event().reset();
  CHECK(waiting.returned() == 1);
}

TEST_CASE("A cancelled coroutine stops waiting for an event") {
  asio::io_context io;
  Event event(io.get_executor());
  asio::cancellation_signal cancel;
  int count = 0;
  asio::co_spawn(io, count_after(event, count),
                 asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
  io.poll();
  cancel.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  CHECK(count == 1);
  CHECK_FALSE(event.is_set());
}

}  // namespace
}  // namespace kagent
