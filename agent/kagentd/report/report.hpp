#pragma once

#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/sequence/runs.hpp"
#include "agent/kagentd/sequence/steps.hpp"
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

// Pure. The journal of a failure is cut to the size that a report may have.
std::vector<v1::StepStatus> step_statuses(const std::vector<StepView>& steps,
                                          const std::map<std::string, LastRun>& runs, Moment now);

void put_failure(const Failure& failure, v1::Failure& told);

void put_certificates(const std::vector<HeldCertificate>& held, v1::NodeReport& report);

// Makes any bytes a line that is safe in a Protobuf string and on a terminal: UTF-8, no control
// characters, at most 500 bytes.
std::string wire_text(std::string_view line);

}  // namespace kagent::kagentd
