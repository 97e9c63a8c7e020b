#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/actions.hpp"
#include "coordinator/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <vector>

namespace kagent::coordinator {

// Puts records on disk before the coordinator tells anybody of them. All writes of one turn of the
// loop share one commit, and what waits for them runs after it, in order. So a thousand nodes that
// enrol at once cost few commits.
class GroupCommit {
 public:
  // `fatal` is called once, when a commit fails: memory and disk differ from then on.
  GroupCommit(boost::asio::any_io_executor loop, Store& store,
              std::function<void(const Error&)> fatal)
      : loop_(std::move(loop)), store_(store), fatal_(std::move(fatal)) {}
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  void write(Write write);
  // Runs `send` once everything written so far is on disk; drops it if the commit fails.
  void after(std::function<void()> send);
  // As after(), but calls `done` with the error if the commit fails.
  void answer(std::function<void(const Result<>&)> done);
  // Commits now instead of at the end of this turn. Errors: unavailable: the writes are not on
  // disk, and no later write will be.
  Result<> flush();

  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  void schedule();
  Result<> commit(const std::vector<Write>& writes);

  boost::asio::any_io_executor loop_;
  Store& store_;
  std::function<void(const Error&)> fatal_;
  std::vector<Write> writes_;
  std::vector<std::function<void(const Result<>&)>> sends_;
  std::uint64_t commits_ = 0;
  bool scheduled_ = false;
  Result<> state_;  // the error that `fatal` got
};

}  // namespace kagent::coordinator
