#include "coordinator/ctl/render/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string_view>

namespace kagent::ctl {
namespace {

winsize size_of_stdout() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {24, 80, 0, 0};
  return size;
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

bool on_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

render::Look look_of_stdout() {
  render::Look look;
  if (!on_terminal()) return look;
  look.width = size_of_stdout().ws_col;
  look.colour = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return look;
}

void LiveText::show(const std::string& text) {
  std::ostringstream out;
  if (lines_ > 0) out << "\x1b[" << lines_ << 'A';
  out << '\r';
  const unsigned most = size_of_stdout().ws_row > 2 ? size_of_stdout().ws_row - 1U : 1U;
  const auto all = static_cast<unsigned>(std::ranges::count(text, '\n'));
  std::istringstream in(text);
  lines_ = 0;
  for (std::string line; lines_ < most && std::getline(in, line); ++lines_) {
    const bool cut = lines_ + 1 == most && all > most;
    out << (cut ? "… " + std::to_string(all - lines_) + " more lines" : line) << "\x1b[K\n";
  }
  out << "\x1b[J";
  std::cout << out.str() << std::flush;
}

}  // namespace kagent::ctl
