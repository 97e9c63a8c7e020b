#include "coordinator/registry/duplicates.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::coordinator;

namespace {

bool anybody(const std::string&) {
  return true;
}

}  // namespace

TEST_CASE(
    "two connected nodes with one name or machine id are told of each other, until one goes") {
  Duplicates duplicates;
  duplicates.seen("i-1", {{"hostname", "a"}, {"machine-id", "m"}, {"product-uuid", ""}});
  CHECK(duplicates.of("i-1", anybody).empty());
  duplicates.seen("i-2", {{"hostname", "b"}, {"machine-id", "m"}, {"product-uuid", ""}});
  CHECK(duplicates.of("i-1", anybody) == std::vector<Conflict>{{"machine-id", "m", "i-2"}});
  CHECK(duplicates.of("i-2", anybody) == std::vector<Conflict>{{"machine-id", "m", "i-1"}});

  duplicates.seen("i-2", {{"hostname", "a"}, {"machine-id", "n"}});
  CHECK(duplicates.of("i-2", anybody) == std::vector<Conflict>{{"hostname", "a", "i-1"}});
  duplicates.gone("i-1");
  CHECK(duplicates.of("i-2", anybody).empty());
  CHECK(duplicates.of("i-1", anybody).empty());
  duplicates.seen("i-3", {{"hostname", "a"}});
  CHECK(duplicates.of("i-2", anybody) == std::vector<Conflict>{{"hostname", "a", "i-3"}});
}

TEST_CASE("only nodes that count are conflicts, however many others share the name") {
  Duplicates duplicates;
  for (const char* id : {"i-1", "i-2", "i-3"}) duplicates.seen(id, {{"hostname", "a"}});
  const auto only = [](const char* counted) {
    return [counted](const std::string& other) { return other == counted; };
  };
  CHECK(duplicates.of("i-1", only("i-3")) == std::vector<Conflict>{{"hostname", "a", "i-3"}});
  CHECK(duplicates.of("i-1", only("i-1")).empty());
}
