#include "agent/common/base/tasks.hpp"

#include "agent/common/base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <list>

namespace kagent {
namespace {

namespace asio = boost::asio;

void log_bug(const std::exception_ptr& thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted)
      log::error("a background task failed: {}", error.what());
  } catch (const std::exception& error) {
    log::error("a background task failed: {}", error.what());
  }
}

}  // namespace

struct Tasks::State {
  explicit State(const asio::any_io_executor& loop)
      : ended(loop, asio::steady_timer::time_point::max()) {}

  std::list<asio::cancellation_signal> signals;  // one for each task
  asio::steady_timer ended;                      // cancelled when the last task has ended
  bool cancelled = false;
};

Tasks::Tasks(asio::any_io_executor loop)
    : loop_(std::move(loop)), state_(std::make_shared<State>(loop_)) {}

Tasks::~Tasks() {
  cancel();
}

void Tasks::start(asio::awaitable<void> task) {
  if (state_->cancelled) return;
  const auto signal = state_->signals.emplace(state_->signals.end());
  auto ended = [state = state_, loop = loop_, signal](const std::exception_ptr& thrown) {
    log_bug(thrown);
    // The task's frame still refers to the signal until this handler returns.
    asio::post(loop, [state, signal] {
      state->signals.erase(signal);
      if (state->signals.empty()) state->ended.cancel();
    });
  };
  asio::co_spawn(loop_, std::move(task),
                 asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

void Tasks::cancel() {
  state_->cancelled = true;
  for (auto& signal : state_->signals) signal.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> Tasks::join() {
  const auto state = state_;
  while (!state->signals.empty()) {
    boost::system::error_code cancelled;
    co_await state->ended.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

std::size_t Tasks::running() const {
  return state_->signals.size();
}

}  // namespace kagent
