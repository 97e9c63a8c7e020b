#include "agent/kagentd/sequence/progress_file.hpp"
#include "agent/common/base/file.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

using namespace kagent;
using namespace kagent::kagentd;

namespace {

Progress some_progress() {
  Progress progress;
  progress.assignment_serial = 7;
  StepRecord init;
  init.attempts = 3;
  init.spent = 2;
  init.failure = Failure(CauseId::received("init.timeout"), "it took too long", "wait");
  init.failure->journal = {"line one", "line \"two\""};
  progress.records["init"] = init;
  progress.records["join"] = StepRecord{1, 1, {}};
  LastRun run;
  run.started = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'800'000'000'123));
  run.unit = "kagent-init.service";
  run.invocation_id = std::string(32, 'a');
  progress.runs["init"] = run;
  return progress;
}

struct Fixture {
  TemporaryFolder folder;
  std::filesystem::path file = folder / "journal";
  ProgressFile journal{file, "node-1"};

  std::string saved() {
    REQUIRE(journal.save(some_progress()));
    return read_file(file).value();
  }
  Errc code_of(const std::string& content) {
    REQUIRE(write_file_atomic(file, content, 0600));
    const auto loaded = journal.load();
    REQUIRE_FALSE(loaded);
    return loaded.error().code();
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "load() returns what save() has written") {
  CHECK(journal.load().value() == Progress{});  // there is no file yet
  REQUIRE(journal.save(some_progress()));
  CHECK(journal.load().value() == some_progress());
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE_METHOD(Fixture, "F3 A progress file that is torn at any byte is an error") {
  const std::string whole = saved();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    CHECK(code_of(whole.substr(0, length)) == Errc::data_loss);
  }
}

TEST_CASE_METHOD(Fixture, "F3 A progress file with a changed byte is an error") {
  const std::string whole = saved();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    REQUIRE(write_file_atomic(file, changed, 0600));
    INFO(at);
    CHECK_FALSE(journal.load());
  }
}

TEST_CASE_METHOD(Fixture, "F3 A progress file in the format of another version is an error") {
  std::string older = saved();
  const auto format = older.find(" 1 ");
  REQUIRE(format != std::string::npos);
  older.replace(format, 3, " 0 ");
  CHECK(code_of(older) == Errc::failed_precondition);
}

TEST_CASE_METHOD(Fixture, "A progress file of the machine that the image was made of is an error") {
  saved();
  const auto loaded = ProgressFile(file, "node-2").load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code() == Errc::failed_precondition);
}

TEST_CASE_METHOD(Fixture, "Lines of any bytes can be saved") {
  Progress progress;
  StepRecord record;
  record.failure = Failure(CauseId::received("x"), std::string("\xff\xfe\0", 3), "");
  record.failure->journal = {"\xc3"};
  progress.records["init"] = record;
  REQUIRE(journal.save(progress));
  CHECK(journal.load());
}
