#include "agent/kagentd/kubernetes/nodes.hpp"

#include "tests/support/result.hpp"

using namespace kagent;
using namespace kagent::kubernetes;

namespace {

std::string node(const std::string& name, const std::string& ready, const std::string& version,
                 const std::string& heartbeat = "1") {
  return R"({"metadata":{"name":")" + name + R"(","resourceVersion":")" + version +
         R"("},"spec":{"podCIDR":"10.244.1.0/24"},"status":{"nodeInfo":{"kubeletVersion":"v1.31.2"},)"
         R"("conditions":[{"type":"MemoryPressure","status":"False","reason":"Enough"},)"
         R"({"type":"Ready","status":")" +
         ready + R"(","reason":"KubeletNotReady","message":"no CNI","lastHeartbeatTime":")" +
         heartbeat + R"("}]}})";
}

std::string list(const std::string& items, const std::string& version) {
  return R"({"kind":"NodeList","metadata":{"resourceVersion":")" + version + R"("},"items":[)" +
         items + "]}";
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

}  // namespace

TEST_CASE("a list gives the shown fields of each Node") {
  NodeTable table;
  REQUIRE(table.list(list(node("b", "False", "4") + "," + node("a", "True", "3"), "7")));
  CHECK(table.resource_version() == "7");
  const auto nodes = table.nodes();
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].name() == "a");
  CHECK(nodes[0].ready());
  CHECK(nodes[0].reason().empty());
  CHECK(nodes[0].message().empty());
  CHECK(nodes[0].kubelet_version() == "v1.31.2");
  CHECK(nodes[0].pod_cidr() == "10.244.1.0/24");
  CHECK_FALSE(nodes[1].ready());
  CHECK(nodes[1].reason() == "KubeletNotReady");
  CHECK(nodes[1].message() == "no CNI");
}

TEST_CASE("a Node without a status is not ready") {
  NodeTable table;
  REQUIRE(table.list(list(R"({"metadata":{"name":"new"}})", "1")));
  REQUIRE(table.nodes().size() == 1);
  CHECK_FALSE(table.nodes()[0].ready());
  CHECK(table.nodes()[0].reason() == "NoStatus");
}

TEST_CASE("the message of a Node that is not ready names a full disk, which is often the reason") {
  std::string full = node("b", "False", "4");
  full.insert(full.find(R"({"type":"Ready")"),
              R"({"type":"DiskPressure","status":"True","message":"kubelet has disk pressure"},)");
  NodeTable table;
  REQUIRE(table.list(list(full, "7")));
  CHECK(table.nodes().at(0).message() == "DiskPressure: kubelet has disk pressure; no CNI");
}

TEST_CASE("only a change of a shown field counts") {
  NodeTable table;
  REQUIRE(table.list(list(node("a", "True", "1"), "1")));
  CHECK(table.take_changed());
  CHECK_FALSE(table.take_changed());
  REQUIRE(table.event(event("MODIFIED", node("a", "True", "2", "a later heartbeat"))));
  CHECK_FALSE(table.take_changed());
  CHECK(table.resource_version() == "2");
  REQUIRE(table.list(list(node("a", "True", "2"), "3")));
  CHECK_FALSE(table.take_changed());
  REQUIRE(table.list(list(node("b", "True", "2"), "4")));
  CHECK(table.take_changed());
}

TEST_CASE("events add, change and delete") {
  NodeTable table;
  REQUIRE(table.list(list("", "1")));
  CHECK(table.take_changed());
  REQUIRE(table.event(event("ADDED", node("a", "False", "2"))));
  CHECK(table.take_changed());
  REQUIRE(table.event(event("MODIFIED", node("a", "True", "3"))));
  CHECK(table.take_changed());
  CHECK(table.nodes()[0].ready());
  REQUIRE(table.event(event("BOOKMARK", R"({"metadata":{"resourceVersion":"9"}})")));
  CHECK_FALSE(table.take_changed());
  CHECK(table.resource_version() == "9");
  REQUIRE(table.event(event("DELETED", node("a", "True", "10"))));
  CHECK(table.take_changed());
  CHECK(table.nodes().empty());
  REQUIRE(table.event(event("DELETED", node("a", "True", "11"))));
  CHECK_FALSE(table.take_changed());
}

TEST_CASE("an expired watch asks for a new list, and a malformed event changes nothing") {
  NodeTable table;
  REQUIRE(table.list(list(node("a", "True", "1"), "1")));
  CHECK(table.take_changed());
  const auto gone = table.event(
      event("ERROR", R"({"kind":"Status","code":410,"message":"too old resource version"})"));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code() == Errc::failed_precondition);
  CHECK(gone.error().message() == "too old resource version");
  for (const char* text :
       {"", "{", "[]", R"({"type":"ADDED"})", R"({"type":"ADDED","object":{}})"}) {
    const auto taken = table.event(text);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code() == Errc::protocol);
  }
  for (const char* text : {"", "[]", "{}", R"({"items":[{}],"metadata":{"resourceVersion":"2"}})"})
    CHECK_FALSE(table.list(text));
  CHECK_FALSE(table.take_changed());
  CHECK(table.nodes().size() == 1);
  CHECK(table.resource_version() == "1");
}
