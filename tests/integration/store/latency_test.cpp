// Not a test: prints figures on request. test_integration_store "[.latency]"
#include "tests/integration/store/stores.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <iostream>

using namespace kagent;
using namespace kagent::coordinator;
using std::chrono::steady_clock;

namespace {

void print(const char* what, std::vector<double> ms) {
  std::ranges::sort(ms);
  std::cout << what << ": p50 " << ms[ms.size() / 2] << " ms, p99 " << ms[ms.size() * 99 / 100]
            << " ms\n";
}

double ms_of(const std::function<Result<>()>& work) {
  const auto before = steady_clock::now();
  const auto done = work();
  const std::chrono::duration<double, std::milli> took = steady_clock::now() - before;
  REQUIRE(done);
  return took.count();
}

}  // namespace

TEMPLATE_TEST_CASE("How long a commit takes", "[.latency]", OnSqlite, OnEtcd) {
  const TestType place;
  auto store = place.open();
  std::vector<NodeRecord> nodes;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    nodes.push_back(record("i-" + std::to_string(i), "key", i));
    nodes.back().assignment_digest = std::string(64, 'd');
  }
  const auto all = [&] {
    return store->atomically([&]() -> Result<> {
      for (NodeRecord& node : nodes) {
        if (auto bound = store->bind_node(node); !bound) return bound;
        if (auto saved = store->save_node(node); !saved) return saved;
      }
      return {};
    });
  };
  print("1,000 nodes", {ms_of(all)});
  std::vector<double> single;
  for (std::uint64_t i = 0; i < 300; ++i) {
    nodes[i].serial = 1;
    single.push_back(ms_of([&] { return store->save_node(nodes[i]); }));
  }
  print("a node", single);
  std::vector<double> turns;
  for (std::uint64_t turn = 2; turn < 32; ++turn)
    turns.push_back(ms_of([&] {
      return store->atomically([&]() -> Result<> {
        for (std::size_t i = 0; i < 90; ++i) {
          nodes[i].serial = turn;
          if (auto saved = store->save_node(nodes[i]); !saved) return saved;
        }
        return {};
      });
    }));
  print("90 nodes", turns);
}
