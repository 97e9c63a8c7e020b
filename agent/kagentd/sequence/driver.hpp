#pragma once

#include "agent/common/base/complaint.hpp"
#include "agent/kagentd/sequence/journal.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/sequence/sequencer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace kagent::kagentd {

// Carries out what the sequencer wants: checks and applies through noded, attempts into the journal
// first. On one thread, the executor's.
class Driver {
 public:
  // `changed` is called whenever something is to be reported.
  Driver(boost::asio::any_io_executor loop, NodeClient& node, Journal journal,
         std::function<void()> changed);

  // Loads the journal and begins with what noded holds already.
  void start(const HeldAssignment& held);
  // Also for the one that is in force already, which changes nothing.
  void assigned(const HeldAssignment& held);
  void grant_arrived();
  void finished(const std::string& step, Finish finish);
  // What a running step is at; nobody's decision hangs on it.
  void progress(const std::string& step, std::string detail);
  // What the network shows to be wrong with this node (preflight's part that noded cannot see);
  // empty: nothing.
  void outlook(std::vector<Failure> problems);
  void node_gone();
  void watch(Watch watch);
  // What has failed is tried now.
  void retry();
  // Something that the step has made may have changed.
  void look(std::string_view step);

  [[nodiscard]] std::vector<StepView> steps() const;
  [[nodiscard]] bool is_done(std::string_view step) const;
  [[nodiscard]] const std::map<std::string, LastRun>& runs() const { return progress_.runs; }

 private:
  void drain();
  void act(const CheckStep& action);
  void act(const Record& action);
  void act(const ApplyStep& action);
  void act(const ArmTimer& action);
  void act(const Report& action);
  boost::asio::awaitable<void> check(CheckStep action);
  boost::asio::awaitable<void> apply(ApplyStep action);
  Result<> save();
  void note_runs();

  boost::asio::any_io_executor loop_;
  NodeClient& node_;
  Journal journal_;
  std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  Progress progress_;
  Progress saved_;
  std::optional<HeldAssignment> held_;
  std::optional<Sequencer> sequencer_;
  std::map<std::string, Complaint> complaints_;     // by step
  std::map<std::string, std::string> progress_of_;  // running steps
  std::vector<Failure> outlook_;
  bool draining_ = false;
};

}  // namespace kagent::kagentd
