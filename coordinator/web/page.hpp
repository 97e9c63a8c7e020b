#pragma once

#include <string_view>

// The page, its style and its script: constants, so that the coordinator is one file to install.
// All that comes from nodes reaches the page as JSON and is set with textContent: never as HTML.
namespace kagent::coordinator::page {

extern const std::string_view html;
extern const std::string_view style;
extern const std::string_view script;

}  // namespace kagent::coordinator::page
