#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace kagent {

// Owns coroutines that run in the background, so that a program can cancel them and wait for their
// end. All functions run on the loop's thread.
class Tasks {
 public:
  explicit Tasks(boost::asio::any_io_executor loop);
  // Cancels the tasks but does not wait: call join() first if a task uses what is destroyed next.
  ~Tasks();
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // Logs an exception that ends the task, other than operation_aborted. After cancel() the task is
  // dropped and never runs.
  void start(boost::asio::awaitable<void> task);
  // Each task's pending co_await ends with operation_aborted. Idempotent.
  void cancel();
  // Returns when no task is left. A task must not join its own owner.
  boost::asio::awaitable<void> join();

  [[nodiscard]] std::size_t running() const;

 private:
  struct State;

  boost::asio::any_io_executor loop_;
  std::shared_ptr<State> state_;  // shared with the tasks, which may outlive this object
};

}  // namespace kagent
