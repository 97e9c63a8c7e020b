#include "coordinator/store/leadership.hpp"

#include "tests/integration/store/stores.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <optional>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

// One of several coordinators.
struct Candidate {
  Candidate(boost::asio::io_context& loop, const OnEtcd& place, const std::string& name,
            std::chrono::seconds ttl = Leadership::usual_ttl)
      : client(std::make_shared<etcd::Client>(place.options())),
        leadership(loop.get_executor(), client, place.prefix(), name,
                   {[this](const std::string& by) { holder = by; },
                    [this](const etcd::Fence& made) { fence = made; },
                    [this](const Error& reason) { why = reason.message(); }},
                   ttl) {
    leadership.start();
  }

  void resign() {
    leadership.resign([this] { ended = true; });
  }

  std::shared_ptr<etcd::Client> client;
  std::string holder, why;
  std::optional<etcd::Fence> fence;
  bool ended = false;
  Leadership leadership;
};

void run_until(boost::asio::io_context& loop, const std::function<bool()>& done) {
  const auto end = steady_clock::now() + 20s;
  while (!done()) {
    REQUIRE(steady_clock::now() < end);
    loop.run_one_for(1s);
  }
}

std::int64_t lease_of_leader(const OnEtcd& place) {
  const auto found = place.client()->range(etcd::get(place.prefix() + "/leader"));
  REQUIRE(found);
  REQUIRE(found->kvs().size() == 1);
  return found->kvs(0).lease();
}

}  // namespace

TEST_CASE("Of several coordinators one is active; when it resigns, another takes over at once") {
  const OnEtcd place;
  place.erase("leader");
  boost::asio::io_context loop;
  Candidate first(loop, place, "first");
  run_until(loop, [&] { return first.fence.has_value(); });
  CHECK(place.get("leader") == "first");
  Candidate second(loop, place, "second");
  run_until(loop, [&] { return !second.holder.empty(); });
  CHECK(second.holder == "first");
  CHECK_FALSE(second.fence);

  const auto before = steady_clock::now();
  first.resign();
  run_until(loop, [&] { return second.fence.has_value(); });
  CHECK(steady_clock::now() - before < 2s);
  CHECK(second.fence->created > first.fence->created);
  CHECK(first.why.empty());
  second.resign();
  loop.run();  // no coroutine of either runs any more
  CHECK(first.ended);
  CHECK(second.ended);
  CHECK(place.get("leader").empty());
}

TEST_CASE("A coordinator that loses the lease is told, and does not try again") {
  const OnEtcd place;
  place.erase("leader");
  boost::asio::io_context loop;
  Candidate first(loop, place, "first", 3s);
  run_until(loop, [&] { return first.fence.has_value(); });
  Candidate second(loop, place, "second", 3s);
  run_until(loop, [&] { return !second.holder.empty(); });
  REQUIRE(place.client()->revoke(lease_of_leader(place), 1s));  // as if the lease had expired
  run_until(loop, [&] { return second.fence && !first.why.empty(); });
  CHECK(place.get("leader") == "second");
  first.resign();
  second.resign();
  loop.run();
}

TEST_CASE("The lease is kept while its holder lives, and no longer") {
  const OnEtcd place;
  place.erase("leader");
  boost::asio::io_context loop;
  Candidate first(loop, place, "first", 2s);
  run_until(loop, [&] { return first.fence.has_value(); });
  loop.run_for(5s);
  CHECK(first.why.empty());
  CHECK(place.get("leader") == "first");
  // The holder is silent from now on.
  boost::asio::io_context other_loop;
  Candidate second(other_loop, place, "second", 2s);
  run_until(other_loop, [&] { return second.fence.has_value(); });
  CHECK(place.get("leader") == "second");
  run_until(loop, [&] { return !first.why.empty(); });
  first.resign();
  second.resign();
  loop.run();
  other_loop.run();
}

TEST_CASE("A coordinator that cannot reach etcd gives up when its lease must have expired") {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  EtcdServer server;
  boost::asio::io_context loop;
  const etcd::Options options{{server.endpoint()}, "/kagent", {}, {}, {}};
  const auto client = std::make_shared<etcd::Client>(options);
  bool won = false;
  std::string why;
  Leadership leadership(loop.get_executor(), client, "/kagent", "first",
                        {[](const std::string&) {}, [&](const etcd::Fence&) { won = true; },
                         [&](const Error& reason) { why = reason.message(); }},
                        3s);
  leadership.start();
  run_until(loop, [&] { return won; });
  const auto before = steady_clock::now();
  server.pause();
  run_until(loop, [&] { return !why.empty(); });
  CHECK(steady_clock::now() - before < 5s);
  server.resume();
  leadership.resign([] {});
  loop.run();
}
