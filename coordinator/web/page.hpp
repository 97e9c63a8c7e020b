#pragma once

#include <string_view>

// The files in assets/, embedded by CMake so that the program needs no data files.
// The script shows text that nodes sent with textContent only, never as HTML.
namespace kagent::coordinator::page {

extern const std::string_view html;
extern const std::string_view style;
extern const std::string_view script;

}  // namespace kagent::coordinator::page
