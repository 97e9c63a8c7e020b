#include "agent/common/config/node_config.hpp"

#include <openssl/evp.h>
#include <zlib.h>
#include <catch2/matchers/catch_matchers_string.hpp>
#include "tests/support/result.hpp"

#include <string>

using Catch::Matchers::ContainsSubstring;
using kagent::Errc;
using kagent::config::parse_coordinator_url;
using kagent::config::parse_user_data;

namespace {

const std::string hash(64, 'a');
const std::string url = "kagent://10.77.0.2:7443/sha256:" + hash + "?token=abc.def";

std::string yaml(const std::string& rest) {
  return "apiVersion: kagent.io/v1\nkind: NodeConfig\ncoordinator: " + url + "\n" + rest;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(text.size() + 1024, '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string base64(const std::string& text) {
  std::string coded((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  coded.resize(static_cast<std::size_t>(size));
  return coded;
}

std::string error_of(const std::string& text) {
  const auto parsed = parse_user_data(text, "user-data");
  REQUIRE(!parsed);
  return parsed.error().message();
}

}  // namespace

TEST_CASE("one line is enough") {
  const auto config = parse_user_data(url + "\n", "user-data");
  REQUIRE(config);
  CHECK(config->role() == "auto");
  CHECK(config->hostname() == "auto");
  CHECK(config->token() == "abc.def");
}

TEST_CASE("a coordinator is a DNS name, an IPv4 or an IPv6 address") {
  CHECK(parse_coordinator_url(url)->host == "10.77.0.2");
  const auto six = parse_coordinator_url("kagent://[fd00::2]:7444/sha256:" + hash);
  REQUIRE(six);
  CHECK(six->host == "fd00::2");
  CHECK(host_port(*six) == "[fd00::2]:7444");
  CHECK(parse_coordinator_url("kagent://coordinator.example/sha256:" + hash)->port == 7443);
}

TEST_CASE("a wrong coordinator URL says what is wrong") {
  const auto message = [](const std::string& text) {
    return parse_coordinator_url(text).error().message();
  };
  CHECK_THAT(message("https://x/sha256:" + hash), ContainsSubstring("scheme"));
  CHECK_THAT(message("kagent://x:7443/sha256:12"), ContainsSubstring("64 lower-case"));
  CHECK_THAT(message("kagent://x:7443/sha256:" + hash + "?tokn=1"), ContainsSubstring("tokn"));
  CHECK_THAT(message("kagent:///sha256:" + hash), ContainsSubstring("host"));
}

TEST_CASE("the full form is the message in YAML") {
  const auto config = parse_user_data(
      yaml("role: worker\nlabels: {disk: ssd}\ntaints: [\"a=b:NoSchedule\"]\nnodeIP: 10.0.0.7\n"
           "kubeletExtraArgs: {max-pods: \"50\"}\n"),
      "user-data");
  REQUIRE(config);
  CHECK(config->role() == "worker");
  CHECK(config->labels().at("disk") == "ssd");
  CHECK(config->node_ip() == "10.0.0.7");
}

TEST_CASE("an error names line, column, field and what was expected") {
  CHECK_THAT(
      error_of(yaml("rolle: worker\n")),
      ContainsSubstring("user-data:4:1: rolle: there is no such field; did you mean \"role\"?"));
  CHECK_THAT(error_of(yaml("role: master\n")),
             ContainsSubstring("user-data:4:7: role: expected one of auto control-plane worker"));
  CHECK_THAT(error_of(yaml("taints: [x]\n")), ContainsSubstring("user-data:4:10: taints[0]: "));
  CHECK_THAT(error_of(yaml("role: worker\nrole: worker\n")), ContainsSubstring("is given twice"));
}

TEST_CASE("labels that kubelet may not give its node are named, before it stumbles over them") {
  const auto good = parse_user_data(
      yaml("labels: {disk: ssd, example.com/a: b, topology.kubernetes.io/zone: a, "
           "node.kubernetes.io/pool: x, kubernetes.io/hostname: y, x.kubelet.kubernetes.io/a: b}\n"
           "kubeletExtraArgs: {node-labels: \"rack=1,node.kubernetes.io/pool=x\"}\n"),
      "user-data");
  CHECK(good);
  for (const char* key : {"node-role.kubernetes.io/worker", "kubernetes.io/role", "k8s.io/x",
                          "cluster.k8s.io/x", "node-restriction.kubernetes.io/x"}) {
    INFO(key);
    CHECK_THAT(error_of(yaml(std::string("labels: {") + key + ": \"\"}\n")),
               ContainsSubstring(std::string("may not give its node the label ") + key));
  }
  CHECK_THAT(error_of(yaml("kubeletExtraArgs: {node-labels: "
                           "\"a=b,node-role.kubernetes.io/worker=\"}\n")),
             ContainsSubstring("kubeletExtraArgs.node-labels: node-role.kubernetes.io/worker="));
  CHECK_THAT(error_of(yaml("kubeletExtraArgs: {node-labels: rack}\n")),
             ContainsSubstring("expected KEY=VALUE"));
}

TEST_CASE("all problems are listed, a line each") {
  const auto message = error_of(yaml("role: master\nnodeIP: here\n"));
  CHECK_THAT(message, ContainsSubstring("role"));
  CHECK_THAT(message, ContainsSubstring("\nuser-data:5:9: nodeIP"));
}

TEST_CASE("gzip and base64 are taken off, also one over the other") {
  REQUIRE(parse_user_data(gzip(url), "user-data"));
  REQUIRE(parse_user_data(base64(url), "user-data"));
  REQUIRE(parse_user_data(base64(gzip(url)), "user-data"));
}

TEST_CASE("T16 a gzip bomb is refused") {
  const auto parsed = parse_user_data(gzip(std::string(4 << 20, 'x')), "user-data");
  REQUIRE(!parsed);
  CHECK(parsed.error().code() == Errc::resource_exhausted);
}

TEST_CASE("T16 anchors, nesting and NUL bytes are refused") {
  CHECK_THAT(error_of(yaml("labels: &a {x: y}\n")), ContainsSubstring("anchor"));
  CHECK_THAT(error_of(yaml("labels: " + std::string(8000, '[') + "\n")), ContainsSubstring("deep"));
  CHECK_THAT(error_of(yaml(std::string("role: a\0b\n", 10))), ContainsSubstring("NUL"));
}

TEST_CASE("our part of a MIME multi-part is found") {
  const std::string mime =
      "Content-Type: multipart/mixed; boundary=\"==B==\"\nMIME-Version: 1.0\n\n"
      "--==B==\nContent-Type: text/cloud-config\n\n#cloud-config\n"
      "--==B==\nContent-Type: application/vnd.kagent.node+yaml\n\n" +
      yaml("role: worker\n") + "\n--==B==--\n";
  const auto config = parse_user_data(mime, "user-data");
  REQUIRE(config);
  CHECK(config->role() == "worker");
}

TEST_CASE("somebody else's user-data is not an error of theirs") {
  for (const std::string other :
       {"#!/bin/sh\necho hello\n", "#cloud-config\npackages: [vim]\n", ""}) {
    const auto parsed = parse_user_data(other, "user-data");
    REQUIRE(!parsed);
    CHECK(parsed.error().code() == Errc::not_found);
  }
}
