#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::ctl::render;
using namespace std::chrono_literals;

TEST_CASE("A character counts as one column, and is never cut in two") {
  CHECK(columns("gr\xc3\xbc\xc3\x9f") == 4);
  CHECK(cut("gr\xc3\xbc\xc3\x9f", 4) == "gr\xc3\xbc\xc3\x9f");
  CHECK(cut("gr\xc3\xbc\xc3\x9f", 3) == "gr…");
  CHECK(cut("abc", 0).empty());
}

TEST_CASE("A table's columns are as wide as their widest cell, with no blanks at the end") {
  Table table({"A", "LONGER", "C"});
  table.row({{"1"}, {"2"}, {"3"}});
  table.row({{"12345"}, {}, {}});
  table.note({"  why"});
  CHECK(table.text({}) ==
        "A      LONGER  C\n"
        "1      2       3\n"
        "12345\n"
        "  why\n");
}

TEST_CASE("On a narrow terminal lines are cut, so that they never wrap") {
  Table table({"NAME", "TEXT"});
  table.row({{"n"}, {"a long text that does not fit"}});
  table.note({"an even longer note below it"});
  CHECK(table.text({false, 12}) ==
        "NAME  TEXT\n"
        "n     a lon…\n"
        "an even lon…\n");
}

TEST_CASE("Colours are there only when asked for, and take no room") {
  Table table({"A", "B"});
  table.row({{"x", Style::bad}, {"y"}});
  CHECK(table.text({}) == "A  B\nx  y\n");
  CHECK(table.text({true, 0}) == "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m  y\n");
}

TEST_CASE("Ages read as kubectl's do") {
  const Time now{std::chrono::hours(500'000)};
  CHECK(age(now, now) == "0s");
  CHECK(age(now, now + 5s) == "0s");  // clocks differ
  CHECK(age(now, now - 119s) == "119s");
  CHECK(age(now, now - 125s) == "2m5s");
  CHECK(age(now, now - 15min) == "15m");
  CHECK(age(now, now - 5h - 12min) == "5h12m");
  CHECK(age(now, now - 24h * 3 - 2h) == "3d2h");
  CHECK(age(now, now - 24h * 40) == "40d");
  CHECK(took(420ms) == "0.42s");
  CHECK(took(12'345ms) == "12.3s");
  CHECK(took(190s) == "3m10s");
}
