#include "coordinator/registry/duplicates.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::coordinator;

TEST_CASE(
    "two connected nodes with one name or machine id are told of each other, until one goes") {
  Duplicates duplicates;
  duplicates.seen("i-1", {{"hostname", "a"}, {"machine-id", "m"}, {"product-uuid", ""}});
  CHECK(duplicates.of("i-1").empty());
  duplicates.seen("i-2", {{"hostname", "b"}, {"machine-id", "m"}, {"product-uuid", ""}});
  CHECK(duplicates.of("i-1") == std::vector<Conflict>{{"machine-id", "m", "i-2"}});
  CHECK(duplicates.of("i-2") == std::vector<Conflict>{{"machine-id", "m", "i-1"}});

  duplicates.seen("i-2", {{"hostname", "a"}, {"machine-id", "n"}});
  CHECK(duplicates.of("i-2") == std::vector<Conflict>{{"hostname", "a", "i-1"}});
  duplicates.gone("i-1");
  CHECK(duplicates.of("i-2").empty());
  CHECK(duplicates.of("i-1").empty());
  duplicates.seen("i-3", {{"hostname", "a"}});
  CHECK(duplicates.of("i-2") == std::vector<Conflict>{{"hostname", "a", "i-3"}});
}
