#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/actions.hpp"
#include "coordinator/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <vector>

namespace kagent::coordinator {

// Disk before wire: what is written in one turn of the loop goes into one commit, and only after it
// what tells of it goes out, in order. While a commit runs, the next turn's writes gather: a
// thousand nodes at once cost a few commits.
class Courier {
 public:
  Courier(boost::asio::any_io_executor loop, Store& store, std::function<void(const Error&)> fatal)
      : loop_(std::move(loop)), store_(store), fatal_(std::move(fatal)) {}
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  void write(Write write);
  void after(std::function<void()> send);
  // As after, and also when nothing can be written any more: with the reason, for who waits.
  void answer(std::function<void(const Result<>&)> done);
  // Now, instead of at the end of this turn. Errors: unavailable: it is not on disk, and nothing is
  // promised any more.
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
  Result<> state_;  // the error that `fatal` was told
};

}  // namespace kagent::coordinator
