#include "agent/common/failure/failure.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace kagent {

TEST_CASE("A cause of one step is found before one of any") {
  CHECK(find_cause("join.token-expired")->id == "join.token-expired");
  CHECK(find_cause("init.disk-full")->id == "*.disk-full");
  CHECK(find_cause("packages.kubelet-version")->id == "packages.*-version");
  CHECK(find_cause("nothing") == nullptr);
}

TEST_CASE("The catalogue is sorted, and has each cause once") {
  CHECK(std::ranges::is_sorted(catalogue, std::less{}, &KnownCause::id));
  std::set<std::string_view> ids;
  for (const KnownCause& each : catalogue) CHECK(ids.insert(each.id).second);
}

TEST_CASE("A cause id is of one step, of any step, or of a step that waits for kubelet") {
  CHECK(CauseId("join.token-expired").text() == "join.token-expired");
  CHECK(CauseId("init", "timeout").text() == "init.timeout");
  CHECK(CauseId("kubelet.swap").in("ready").text() == "ready.kubelet-swap");
  CHECK(CauseId("join.token-expired").is("join.token-expired"));
}

TEST_CASE("An error becomes a failure by its code") {
  CHECK(failure_of("init", Error(Errc::not_installed, "")).id == "init.program-missing");
  CHECK(failure_of("init", Error(Errc::resource_exhausted, "")).id == "init.disk-full");
  CHECK(failure_of("init", Error(Errc::deadline_exceeded, "")).id == "init.no-systemd");
  CHECK(failure_of("init", Error(Errc::not_found, "")).id == "init.error");
}

TEST_CASE("The remedy names the journal of the unit that failed") {
  const Error error(Errc::io, "kubeadm: exit status 1");
  CHECK(journal_remedy(error) == "See `journalctl -u kagent-noded` on the node.");
  CHECK(journal_remedy(error.in_unit("kagent-init.service").context("init")) ==
        "See `journalctl -u kagent-init` on the node.");
}

}  // namespace kagent
