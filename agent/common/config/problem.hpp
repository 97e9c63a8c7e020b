#pragma once

#include "agent/common/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kagent::config {

// A place in a document, counted from one; zero if it is unknown.
struct Place {
  int line = 0;
  int column = 0;
};

// All problems of one document, in the order found.
class Problems {
 public:
  explicit Problems(std::string_view source) : source_(source) {}
  // `field` is the path to the field, e.g. "kubeadm.documents"; empty for the whole document.
  void add(Place place, std::string_view field, std::string_view what);
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  // invalid_argument, a line each: SOURCE:LINE:COLUMN: FIELD: WHAT
  [[nodiscard]] Error error() const;

 private:
  std::string source_;
  std::vector<std::string> lines_;
};

}  // namespace kagent::config
