#include "agent/common/base/log.hpp"

#include "agent/common/base/printable.hpp"

#include <google/protobuf/stubs/logging.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

namespace kagent::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// sd-daemon(3): the journal takes the priority of a line from its prefix.
std::string_view journal_prefix(Level level) {
  switch (level) {
    case Level::debug: return "<7>";
    case Level::info: return "<6>";
    case Level::warning: return "<4>";
    case Level::error: return "<3>";
  }
  return "";
}

constexpr std::size_t longest_line = 16 << 10;  // bytes; journald splits at 48 KiB

bool for_journal = false;

}  // namespace

void init(std::string_view program, Level level) {
  // A peer's malformed message is no line of ours: it would be one for each.
  google::protobuf::SetLogHandler(nullptr);
  for_journal = ::isatty(STDERR_FILENO) == 0;
  std::shared_ptr<spdlog::logger> logger;
  if (for_journal) {
    logger = std::make_shared<spdlog::logger>(std::string(program),
                                              std::make_shared<spdlog::sinks::stderr_sink_st>());
    logger->set_pattern("%v");
  } else {
    logger = std::make_shared<spdlog::logger>(
        std::string(program), std::make_shared<spdlog::sinks::ansicolor_stderr_sink_st>());
    logger->set_pattern("%H:%M:%S.%e %^%-7l%$ %v");
  }
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

bool enabled(Level level) {
  return spdlog::default_logger_raw()->should_log(to_spdlog(level));
}

void write(Level level, std::string_view text) {
  // What a peer says may be in the text: it must not steer a terminal or begin a record of its own.
  const std::string line = printable(text, longest_line);
  if (for_journal)
    spdlog::default_logger_raw()->log(to_spdlog(level), "{}{}", journal_prefix(level), line);
  else
    spdlog::default_logger_raw()->log(to_spdlog(level), "{}", line);
}

void lines(Level level, std::string_view text) {
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    write(level, text.substr(from, end - from));
    from = end + 1;
  }
}

}  // namespace kagent::log
