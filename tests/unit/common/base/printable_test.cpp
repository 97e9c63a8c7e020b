#include "agent/common/base/printable.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <string>

using kagent::printable;

TEST_CASE("Controls, bidirectional marks and broken UTF-8 are shown as escapes") {
  CHECK(printable("a\x1b[31mb\nc\r\t\x7f") == "a\\u{1b}[31mb\\nc\\r \\u{7f}");
  CHECK(printable("\xc2\x9b"  // CSI as one C1 character
                  "31m") == "\\u{9b}31m");
  CHECK(printable("\xe2\x80\xae"
                  "evil") == "\\u{202e}evil");
  CHECK(printable("\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf") == "\\u{2066}\\u{200b}\\u{feff}");
  CHECK(printable("\xe2\x80\xa8") == "\\u{2028}");
  CHECK(printable(std::string_view("\0", 1)) == "\\u{00}");
  CHECK(printable("a\xff"
                  "b\xc3") == "a\\xffb\\xc3");
  CHECK(printable("\xc0\x8a") == "\\xc0\\x8a");                    // an overlong line feed
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
}

TEST_CASE("Text in any language stays as it is") {
  const std::string text =
      "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85";
  CHECK(printable(text) == text);
}

TEST_CASE("What is too long is cut between characters, and says so") {
  CHECK(printable("short", 16) == "short");
  CHECK(printable(std::string(16, 'a'), 16) == std::string(16, 'a'));
  CHECK(printable(std::string(17, 'a'), 16) == "aaaaaaaaaa [cut]");
  CHECK(printable("aaaaaaaaa\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 16) == "aaaaaaaaa [cut]");
}

TEST_CASE("Whatever the bytes are, the result is one line of printable UTF-8, and is stable") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string once = printable(bytes);
    CHECK(printable(once) == once);
    CHECK(once.find_first_of("\n\r\x1b\x7f") == std::string::npos);
    CHECK(printable(bytes, 24).size() <= 24);
  }
}
