// T6: two callers, two identities for one instance.
#include "tests/integration/store/stores.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <latch>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;

TEMPLATE_TEST_CASE("T6 Of 1,000 racers for one id, each with a key of its own, one wins", "[store]",
                   OnSqlite, OnEtcd) {
  constexpr std::size_t threads = 20;
  constexpr std::size_t each = 50;
  const TestType place;
  // Each racer has its own store, opened before the id was bound.
  std::vector<std::unique_ptr<Store>> stores;
  for (std::size_t i = 0; i < threads * each; ++i) stores.push_back(place.open());

  std::atomic<std::size_t> winners{0};
  std::atomic<std::size_t> refused{0};
  std::atomic<std::size_t> winner{0};
  {
    std::latch start(threads);
    std::vector<std::jthread> racers;
    for (std::size_t thread = 0; thread < threads; ++thread)
      racers.emplace_back([&, thread] {
        start.arrive_and_wait();
        for (std::size_t i = thread; i < stores.size(); i += threads) {
          Result<> bound;
          do {
            bound = stores[i]->bind_node(record("i-1", "key-" + std::to_string(i), i + 1));
          } while (!bound && bound.error().code() == Errc::unavailable);
          if (bound) {
            ++winners;
            winner = i;
          } else if (bound.error().code() == Errc::already_exists) {
            ++refused;
          }
        }
      });
  }
  CHECK(winners == 1);
  CHECK(refused == threads * each - 1);
  const auto snapshot = place.open()->load();
  REQUIRE(snapshot);
  REQUIRE(snapshot->nodes.size() == 1);
  CHECK(snapshot->nodes[0].record.key_sha256 == "key-" + std::to_string(winner.load()));
}
