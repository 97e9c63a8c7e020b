#include "agent/kagentd/kubernetes/drain.hpp"

#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace kagent::kubernetes {

TEST_CASE("Pods are evicted or stay as with kubectl drain") {
  const auto pods = pods_of(R"({"kind": "PodList", "items": [
    {"metadata": {"namespace": "default", "name": "web-0",
                  "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": true}]},
     "status": {"phase": "Running"}},
    {"metadata": {"namespace": "default", "name": "alone"}, "status": {"phase": "Running"}},
    {"metadata": {"namespace": "default", "name": "going", "deletionTimestamp": "2026-11-23T10:00:00Z",
                  "ownerReferences": [{"kind": "StatefulSet", "name": "db", "controller": true}]},
     "status": {"phase": "Running"}},
    {"metadata": {"namespace": "default", "name": "done"}, "status": {"phase": "Succeeded"}},
    {"metadata": {"namespace": "kube-system", "name": "kube-proxy-x",
                  "ownerReferences": [{"kind": "DaemonSet", "name": "kube-proxy", "controller": true}]},
     "status": {"phase": "Running"}},
    {"metadata": {"namespace": "kube-system", "name": "etcd-m",
                  "annotations": {"kubernetes.io/config.mirror": "1"},
                  "ownerReferences": [{"kind": "Node", "name": "m", "controller": true}]},
     "status": {"phase": "Running"}}]})");
  REQUIRE(pods);
  REQUIRE(pods->evict.size() == 3);
  CHECK(pods->evict[0].name == "web-0");
  CHECK_FALSE(pods->evict[0].alone);
  CHECK(pods->evict[1].name == "alone");
  CHECK(pods->evict[1].alone);
  CHECK(pods->evict[2].terminating);
  CHECK(pods->staying == std::vector<std::string>{"kube-system/kube-proxy-x (of a DaemonSet)",
                                                  "kube-system/etcd-m (static)"});
}

TEST_CASE("A malformed PodList is an error") {
  CHECK(pods_of("{}").error().code() == Errc::protocol);
  CHECK(pods_of("no JSON").error().code() == Errc::protocol);
}

}  // namespace kagent::kubernetes
