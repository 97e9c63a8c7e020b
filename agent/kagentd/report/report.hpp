#pragma once

#include "agent/kagentd/sequence/journal.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/sequence/sequencer.hpp"
#include "kagent/v1/report.pb.h"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::kagentd {

// One moment on both clocks: the sequencer's due times are steady, the wire's are wall clock.
struct Moment {
  Time steady;
  std::chrono::system_clock::time_point wall;
};

// To the millisecond.
google::protobuf::Timestamp timestamp(std::chrono::system_clock::time_point at);

// The steps as they stand, for the wire. Pure. A failure's journal is cut to what a report can
// carry.
std::vector<v1::StepStatus> step_statuses(const std::vector<StepView>& steps,
                                          const std::map<std::string, LastRun>& runs, Moment now);

void put_failure(const Failure& failure, v1::Failure& message);

void put_certificates(const std::vector<HeldCertificate>& held, v1::NodeReport& report);

// Any bytes as a line that Protobuf's strings and a terminal can bear: UTF-8, no control
// characters, at most 500 bytes.
std::string wire_text(std::string_view line);

// "9 of 12 steps done; join waits for its join grant", for systemd and people.
std::string summary_of(const std::vector<StepView>& steps);

}  // namespace kagent::kagentd
