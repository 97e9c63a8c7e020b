#include "agent/noded/cluster/etcd_member.hpp"

#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

using namespace kagent;
using namespace kagent::noded;

namespace {

// Output of etcdctl 3.5.0 with three members; the last one has never started.
constexpr char list[] =
    R"({"header":{"cluster_id":17237436991929493444,"member_id":9372538179322589801,"raft_term":2},)"
    R"("members":[{"ID":9372538179322589801,"name":"cp-1","peerURLs":["https://10.0.0.1:2380"],)"
    R"("clientURLs":["https://10.0.0.1:2379"]},)"
    R"({"ID":10501334649042878790,"name":"cp-2","peerURLs":["https://10.0.0.2:2380"],)"
    R"("clientURLs":["https://10.0.0.2:2379"]},)"
    R"({"ID":255,"peerURLs":["https://10.0.0.3:2380"]}]})";

struct ControlPlane : Machine {
  std::vector<std::string> asked;  // arguments of crictl after its endpoint
  bool fails = false;

  ControlPlane() {
    context->assignment.emplace().set_role("control-plane");
    write("/etc/kubernetes/manifests/etcd.yaml", "kind: Pod\n");
    write("/etc/hostname", "cp-1\n");
    units->on_run = [this](const Command& command) {
      const auto& words = command.lines.front();
      std::string text;
      for (std::size_t i = 3; i < words.size(); ++i) text += (i > 3 ? " " : "") + words[i];
      asked.push_back(text);
      if (words[3] == "ps") return printed(command, "c0ffee\n");
      if (words.back() == "json") return printed(command, list);
      return fails ? failing(command, 1) : printed(command, "removed\n");
    };
  }

  [[nodiscard]] Result<> remove(const std::string& name, const std::string& address = {}) const {
    v1::EtcdMemberOrder order;
    order.set_node_name(name);
    order.set_address(address);
    boost::asio::io_context io;
    auto done =
        boost::asio::co_spawn(io, remove_etcd_member(context, order), boost::asio::use_future);
    io.run();
    return done.get();
  }
  [[nodiscard]] bool removes(const std::string& id) const {
    return !asked.empty() && asked.back().ends_with("member remove " + id);
  }
};

}  // namespace

TEST_CASE("an etcd member is found by its name, or by its address if it has no name yet") {
  CHECK(member_id(list, "cp-2", "").value() == "91bc3c398fb3c146");
  CHECK(member_id(list, "cp-3", "10.0.0.3").value() == "ff");
  CHECK_FALSE(member_id(list, "cp-3", "10.0.0.30").value());
  CHECK_FALSE(member_id(list, "cp-3", "").value());
  // A known name decides: another node may have got the address since.
  CHECK_FALSE(member_id(list, "cp-9", "10.0.0.2").value());
  CHECK(member_id("{}", "cp-1", "").error().code() == Errc::protocol);
  CHECK(member_id("Error: no", "cp-1", "").error().code() == Errc::protocol);
}

TEST_CASE("the etcd member of a lost control plane is removed once") {
  ControlPlane node;
  CHECK(node.remove("cp-2"));
  CHECK(node.removes("91bc3c398fb3c146"));
  node.asked.clear();
  CHECK(node.remove("cp-7"));  // is gone already
  CHECK(node.asked.size() == 2);
}

TEST_CASE("a failed removal of an etcd member is an error") {
  ControlPlane node;
  node.fails = true;
  CHECK(node.remove("cp-2").error().code() == Errc::unavailable);
}

TEST_CASE("an operator's external etcd is left alone") {
  ControlPlane node;
  std::filesystem::remove(node.context->at("/etc/kubernetes/manifests/etcd.yaml"));
  CHECK(node.remove("cp-2"));
  CHECK(node.asked.empty());
}

TEST_CASE("a worker removes no etcd member, and a control plane does not remove its own") {
  ControlPlane node;
  node.context->assignment->set_role("worker");
  CHECK(node.remove("cp-2").error().code() == Errc::failed_precondition);
  CHECK(node.asked.empty());
}
