#include "agent/common/failure/causes.hpp"
#include "agent/common/base/file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>

namespace kagent {
namespace {

// How the sources spell a cause: the pattern, and what stands before the part it finds.
struct Spelling {
  const char* files;  // of these names only
  const char* pattern;
  const char* before;
};

// Names of units and files are spelled alike.
constexpr char no_cause[] =
    R"(.*\.(service|target|socket|conf|toml|json|io|crt|pem|calico|kagent-orig|local)|node\.(id|key))";

constexpr Spelling spellings[] = {
    {R"(/(noded|kagentd)/)", R"re("([a-z-]+\.[a-z{}-]+)")re", ""},
    {R"(/(noded/(?!systemd|machine|vault)|kagentd/))", R"re(\+ "(\.[a-z-]+)")re", "*"},
    {R"(kubelet_trouble\.cpp)", R"re((?:KubeletTrouble\{\s*|what = )"([a-z-]+)")re", "kubelet."},
    {R"(kubelet_identity\.cpp)", R"re(IdentityProblem\{\s*"([a-z-]+)")re", "*."},
    {R"(preflight_rules\.cpp)", R"re(\{(?:"[A-Z][^"]*"|fmt::format\([^)]*\)),\s*"([a-z-]+)",)re",
     "preflight."},
};

std::set<std::string> raised() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(KAGENT_AGENT_FOLDER)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".cpp")) continue;
    const std::string text = read_file(path).value();
    for (const Spelling& spelling : spellings) {
      if (!std::regex_search(path, std::regex(spelling.files))) continue;
      const std::regex pattern(spelling.pattern);
      for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
        if (const std::string id = spelling.before + (*at)[1].str();
            !std::regex_match(id, std::regex(no_cause)))
          found.insert(id);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("Every cause that is raised is explained") {
  for (const std::string& id : raised()) {
    INFO(id);
    CHECK(find_cause(id) != nullptr);
  }
}

TEST_CASE("Every cause that is explained is raised") {
  const auto ids = raised();
  for (const KnownCause& each : known_causes()) {
    INFO(each.id);
    CHECK(std::ranges::any_of(ids, [&](const std::string& id) {
      const KnownCause* row = find_cause(id);
      return row != nullptr && row->id == each.id;
    }));
  }
}

TEST_CASE("A cause of one step is found before one of any") {
  CHECK(find_cause("join.token-expired")->id == "join.token-expired");
  CHECK(find_cause("init.disk-full")->id == "*.disk-full");
  CHECK(find_cause("nothing") == nullptr);
}

}  // namespace kagent
