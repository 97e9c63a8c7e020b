#include "agent/common/base/names.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace kagent;
using namespace std::string_literals;

TEST_CASE("T16 A node's name is an RFC 1123 subdomain, and nothing else") {
  for (const char* good : {"a", "0", "ip-10-0-0-1", "ip-10-0-0-1.eu-central-1.compute.internal",
                           "i-0123456789abcdef0", "a--b"})
    CHECK(is_node_name(good));
  CHECK(is_node_name(std::string(253, 'a')));
  CHECK_FALSE(is_node_name(std::string(254, 'a')));
  for (const std::string& bad :
       {""s,        "."s,    ".."s,    "a."s,   ".a"s,
        "a..b"s,    "-a"s,   "a-"s,    "a.-b"s, "A"s,
        "a_b"s,     "a/b"s,  "a%2fb"s, "a b"s,  "a\r\nDELETE /api/v1/nodes HTTP/1.1"s,
        "a\n"s,     "a\0b"s, "a?x=1"s, "a#b"s,  "\xc3\xa4"s,
        "<script>"s})
    CHECK_FALSE(is_node_name(bad));
}

TEST_CASE("An address is one of IPv4 or IPv6, and nothing else") {
  for (const char* good : {"10.0.0.1", "::1", "fd00::1"}) CHECK(is_ip_address(good));
  for (const std::string& bad :
       {""s, "10.0.0"s, "10.0.0.1 "s, "10.0.0.1\n    server evil"s, "10.0.0.1\0x"s, "fe80::1%eth0"s,
        "[::1]"s, "10.0.0.1:80"s, "localhost"s})
    CHECK_FALSE(is_ip_address(bad));
}
