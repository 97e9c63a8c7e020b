#pragma once

#include "agent/common/base/error.hpp"
#include "agent/noded/step/step.hpp"
#include "agent/noded/systemd/commands.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

// Outcomes, and the reasons that a failed command gives.
namespace kagent::noded {

Outcome succeeded();
Outcome succeeded(const UnitRun& run);
Outcome failed(Failure failure);
Outcome failed(Cause cause, std::string message, std::string remedy);
Outcome failed(std::string_view step, StepCause cause, std::string message, std::string remedy);
// The cause follows from the Error's code: "<step>.program-missing", ".disk-full", ".no-systemd",
// else ".error".
Outcome failed(std::string_view step, const Error& error);
// Adds the last 20 journal lines of that run.
boost::asio::awaitable<Outcome> unit_failed(UnitRun run, Failure failure);
boost::asio::awaitable<Outcome> unit_failed(UnitRun run, Cause cause, std::string message,
                                            std::string remedy);
// how_it_ended(), then the last lines that the run printed to its journal.
boost::asio::awaitable<std::string> why_it_failed(UnitRun run);
// The last two lines that give a reason, joined; kubeadm ends every error with lines that do not.
std::string last_words(const std::vector<std::string>& lines);
// "exit status 1", "time limit reached", ...
std::string how_it_ended(const UnitRun& run);

}  // namespace kagent::noded
