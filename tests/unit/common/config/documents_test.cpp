#include "agent/common/config/documents.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <random>

using namespace kagent::config;
using nlohmann::json;

namespace {

const std::vector<std::string> pieces{"\n",
                                      "\r",
                                      "\t",
                                      " ",
                                      "---",
                                      "...",
                                      "- ",
                                      ": ",
                                      "#",
                                      "\"",
                                      "'",
                                      "\\",
                                      "{",
                                      "}",
                                      "[",
                                      "|",
                                      ">",
                                      "&a",
                                      "*a",
                                      "!!x",
                                      "%Y",
                                      "~",
                                      "yes",
                                      "null",
                                      "0x1",
                                      "1e3",
                                      "a",
                                      "\xc2\x85",
                                      "\xe2\x80\xa8",
                                      "\xef\xbb\xbf",
                                      "\x1b",
                                      "\x7f",
                                      "\xc3\xa9",
                                      "\xf0\x9f\x98\x80",
                                      "exec:",
                                      "\n  b: c",
                                      ""};

std::string hostile_text(std::mt19937& random) {
  std::string text;
  for (auto count = random() % 6; count > 0; --count) text += pieces[random() % pieces.size()];
  return text;
}

}  // namespace

TEST_CASE("Whatever the texts hold, a document is read back as it was written") {
  std::mt19937 random(5);
  for (int round = 0; round < 5000; ++round) {
    json document{{"kind", hostile_text(random)}};
    document["list"] = {hostile_text(random), {{"name", hostile_text(random)}}};
    document["map"]["k" + hostile_text(random)] = hostile_text(random);
    document["number"] = 6443;
    document["flag"] = true;
    const std::string yaml = to_yaml({document});
    const auto read = parse_documents(yaml);
    INFO(yaml);
    REQUIRE(read.has_value());
    REQUIRE(read->size() == 1);
    CHECK(read->front() == document);
  }
}

TEST_CASE("A carriage return does not end a text") {
  const json document{{"ca", "-----BEGIN\n\r  user: {exec: x}\r\n"}};
  CHECK(parse_documents(to_yaml({document})).value() == std::vector<json>{document});
}

TEST_CASE("Certificates stay readable as a block") {
  CHECK(to_yaml({json{{"ca", "line 1\nline 2\n"}}}).starts_with("ca: |\n  line 1\n  line 2\n"));
}
