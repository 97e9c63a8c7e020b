#include "agent/common/base/file.hpp"
#include "coordinator/core/coordinator.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <optional>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

// A real store, until its disk is full.
class FullDisk final : public Store {
 public:
  FullDisk(std::unique_ptr<Store> store, const bool& full)
      : store_(std::move(store)), full_(full) {}

  Result<Snapshot> load() override { return store_->load(); }
  Result<> bind_node(const NodeRecord& record) override { return store_->bind_node(record); }
  Result<> rebind_node(const NodeRecord& record, const std::string& from) override {
    return store_->rebind_node(record, from);
  }
  Result<> save_node(const NodeRecord& record) override { return store_->save_node(record); }
  Result<> keep_ca(const std::string& sha256, const std::string& replaced) override {
    return store_->keep_ca(sha256, replaced);
  }
  Result<> save_reports(const std::vector<ReportRecord>& reports) override {
    return store_->save_reports(reports);
  }
  Result<> take_lease(const LeaseRecord& lease) override { return store_->take_lease(lease); }
  Result<> save_cluster(const ClusterRecord& cluster) override {
    return store_->save_cluster(cluster);
  }
  Result<> save_token_hashes(const std::vector<std::string>& hashes) override {
    return store_->save_token_hashes(hashes);
  }
  Result<> save_token(const TokenRecord& token) override {
    if (full_) return Error(Errc::resource_exhausted, "disk full");
    return store_->save_token(token);
  }
  Result<> drop_token(const std::string& id) override { return store_->drop_token(id); }
  Result<> atomically(const std::function<Result<>()>& work) override {
    if (full_) return Error(Errc::resource_exhausted, "disk full");
    return store_->atomically(work);
  }

 private:
  std::unique_ptr<Store> store_;
  const bool& full_;
};

struct OnFullDisk {
  TemporaryFolder folder;
  boost::asio::io_context loop;
  bool full = false;
  int fatal = 0;
  std::string token;
  std::optional<Coordinator> coordinator;
  Caller admin;
  pki::Key key = pki::generate_key().value();

  OnFullDisk() {
    admin.local = true;
    auto state = open_state(folder.path(), {}, std::chrono::system_clock::now()).value();
    state.store = std::make_unique<FullDisk>(std::move(state.store), full);
    token = state.authority.enrolment_token;
    Settings settings;
    settings.config.mutable_enrolment()->set_max_nodes(10);
    coordinator.emplace(loop.get_executor(), std::move(state),
                        std::move(Audit::open(folder / "audit.jsonl").value()), std::move(settings),
                        [this](const Error&) { ++fatal; });
    REQUIRE(enrol("i-1", token));
    full = true;
  }

  Result<> enrol(const std::string& id, const std::string& with) {
    v1::EnrollRequest request;
    request.set_token(with);
    request.set_node_id(id);
    request.set_csr(pki::make_csr(key, id).value());
    std::optional<Result<v1::EnrollResponse>> answer;
    coordinator->enrolments().enroll(request, Caller(),
                                     [&](auto given) { answer = std::move(given); });
    loop.restart();
    loop.poll();
    REQUIRE(answer);
    return *answer ? Result<>() : Result<>(answer->error());
  }
  [[nodiscard]] std::string audit() const { return read_file(folder / "audit.jsonl").value(); }
};

}  // namespace

TEST_CASE_METHOD(OnFullDisk, "F7 What is not on the disk is answered with an error") {
  SECTION("an enrolment") {
    const auto answer = enrol("i-2", token);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::unavailable);
  }
  SECTION("a removal") {
    LeaveWish wish;
    wish.remove = wish.force = true;
    const auto answer = coordinator->leave_orders().leave("i-1", wish, admin);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::unavailable);
  }
  SECTION("a node forgotten") {
    const auto answer = coordinator->approvals().forget("i-1", "", admin);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::unavailable);
  }
  CHECK(fatal == 1);
  const std::string lines = audit();
  const std::string last = lines.substr(lines.rfind('\n', lines.size() - 2) + 1);
  CHECK(last.find("\"refused\"") != std::string::npos);
  CHECK(last.find("disk full") != std::string::npos);
  // And whoever comes then.
  CHECK_FALSE(enrol("i-3", token));
  CHECK(fatal == 1);
}

TEST_CASE_METHOD(OnFullDisk, "A use of a token that could not be saved is not spent") {
  full = false;
  const Tokens::Wish wish{std::chrono::seconds(60), 1, WantedRole::automatic, "an administrator"};
  const auto created = coordinator->token_orders().create(wish, admin);
  REQUIRE(created);
  const std::string& line = created->user_data;
  const std::string once = line.substr(line.find("token=") + 6);
  full = true;
  CHECK_FALSE(enrol("i-2", once));
  full = false;
  CHECK(enrol("i-2", once));
}
