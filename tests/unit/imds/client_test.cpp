#include "agent/imds/client.hpp"
#include "tests/support/result.hpp"

using namespace kagent;

TEST_CASE("an endpoint is http, a numeric address and a port of 80 by default") {
  const auto v4 = imds::parse_endpoint("http://169.254.169.254");
  REQUIRE(v4);
  CHECK(v4->address().to_string() == "169.254.169.254");
  CHECK(v4->port() == 80);
  const auto v6 = imds::parse_endpoint("http://[fd00:ec2::254]:8080");
  REQUIRE(v6);
  CHECK(v6->address().to_string() == "fd00:ec2::254");
  CHECK(v6->port() == 8080);
  for (const char* bad : {"", "169.254.169.254", "https://169.254.169.254", "http://metadata/"})
    CHECK_FALSE(imds::parse_endpoint(bad));
}
