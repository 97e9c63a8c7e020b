#pragma once

#include "coordinator/ctl/render/text.hpp"

#include <string>

namespace kagent::ctl {

// Whether stdout is a terminal.
bool on_terminal();

// Colours and width for stdout: colours only on a terminal without NO_COLOR (https://no-color.org)
// and not TERM=dumb; width 0 (do not cut) elsewhere.
render::Look look_of_stdout();

// Shows a text on the terminal in place of the last one, cut to the height of the terminal.
class LiveText {
 public:
  void show(const std::string& text);

 private:
  unsigned lines_ = 0;
};

}  // namespace kagent::ctl
