#pragma once

#include <fmt/core.h>

#include <string_view>

// The journal is the sink (sd-daemon priority prefixes on stderr), spdlog is behind log.cpp.
// Levels: error: a person must act. warning: it goes on, but worse. info: a change of state, a few
// lines an hour when idle. debug: everything else. Secrets never.
namespace kagent::log {

enum class Level { debug, info, warning, error };

// Once, in main. `level` from --log-level or KAGENT_LOG. On a terminal: coloured, with time.
void init(std::string_view program, Level level);
// Writes one line, whatever `text` holds: see printable.hpp.
void write(Level level, std::string_view text);
// Writes each line of `text` as one: for texts whose line ends are ours, such as config::Problems.
void lines(Level level, std::string_view text);
bool enabled(Level level);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace kagent::log
