#include "agent/common/base/text.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent {

TEST_CASE("Blanks and line ends are trimmed at both ends only") {
  CHECK(trimmed(" \t a b\r\n") == "a b");
  CHECK(trimmed(" \r\n").empty());
}

TEST_CASE("A character is one well-formed UTF-8 sequence") {
  CHECK(first_character("a").bytes == 1);
  CHECK(first_character("\xc3\xa9x").code == 0xE9);
  CHECK(first_character("\xf0\x9f\x98\x80").bytes == 4);
  CHECK(first_character("\xc3").bytes == 0);              // cut off
  CHECK(first_character("\xc0\xaf").bytes == 0);          // overlong
  CHECK(first_character("\xed\xa0\x80").bytes == 0);      // a surrogate
  CHECK(first_character("\xf4\x90\x80\x80").bytes == 0);  // beyond U+10FFFF
}

}  // namespace kagent
