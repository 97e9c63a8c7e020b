#pragma once

#include "agent/common/base/complaint.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/sequence/progress_file.hpp"
#include "agent/kagentd/sequence/runs.hpp"
#include "agent/kagentd/sequence/sequencer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace kagent::kagentd {

// Carries out the sequencer's actions: noded checks and applies steps, and each attempt is saved
// before it begins. On one thread, the executor's.
class Driver {
 public:
  // `changed` is called whenever something is to be reported.
  Driver(const boost::asio::any_io_executor& loop, Tasks& tasks, NodeClient& node,
         ProgressFile file, std::function<void()> changed);

  // Loads the progress file and begins with the assignment that noded holds. Events that come
  // earlier are dropped.
  void start(const HeldAssignment& held);
  // False: the assignment is in force already.
  bool assigned(const HeldAssignment& held);
  void grant_arrived();
  void finished(const std::string& step, Finish finish);
  // What a running step is at, for people.
  void progress(const std::string& step, std::string detail);
  // Problems that only the coordinator can see. With any, preflight fails.
  void outlook(std::vector<Failure> problems);
  void node_gone();
  void watch(Watch watch);
  // Tries the steps that have failed at once.
  void retry();
  // Something that this step has made may have changed.
  void look(std::string_view step);

  [[nodiscard]] std::vector<StepView> steps() const;
  [[nodiscard]] bool is_done(std::string_view step) const;
  [[nodiscard]] bool in_cluster() const { return is_done("init") || is_done("join"); }
  [[nodiscard]] const LastRuns& runs() const { return runs_.runs(); }

 private:
  // Carries out every action that the sequencer says is due.
  void carry_out();
  void act(const CheckStep& action);
  void act(const Record& action);
  void act(const ApplyStep& action);
  void act(const ArmTimer& action);
  void act(const Report& action);
  boost::asio::awaitable<void> check(CheckStep action);
  boost::asio::awaitable<void> apply(ApplyStep action);
  Result<> save();

  Tasks& tasks_;
  NodeClient& node_;
  ProgressFile file_;
  std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  Progress progress_;
  Progress saved_;
  std::optional<HeldAssignment> held_;
  std::optional<Sequencer> sequencer_;
  std::map<std::string, Complaint> complaints_;  // by step
  RunTimes runs_;
  std::vector<Failure> outlook_;
  bool carrying_out_ = false;
};

}  // namespace kagent::kagentd
