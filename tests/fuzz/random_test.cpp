// The targets without a fuzzer: the corpus, and random changes of it.
#include "agent/common/base/file.hpp"
#include "tests/fuzz/targets.hpp"

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <filesystem>
#include <random>

using namespace kagent;

namespace {

constexpr std::chrono::seconds each{1};

std::vector<std::string> corpus_of(std::string_view name) {
  std::vector<std::string> corpus;
  const std::filesystem::path folder = std::filesystem::path(KAGENT_CORPUS) / name;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    corpus.push_back(read_file(entry.path()).value());
  return corpus;
}

std::size_t below(std::mt19937_64& random, std::size_t end) {
  return end == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

std::string mutate(std::string text, const std::string& other, std::mt19937_64& random) {
  for (std::size_t changes = 1 + below(random, 8); changes > 0; --changes) {
    const std::size_t at = below(random, text.size());
    switch (below(random, 6)) {
      case 0: text.insert(at, 1, static_cast<char>(below(random, 256))); break;
      case 1: text.erase(at, 1 + below(random, 8)); break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(below(random, 256));
        break;
      case 3:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
        break;
      case 4: text.insert(at, text.substr(below(random, text.size()), below(random, 64))); break;
      default: text = text.substr(0, at) + other.substr(below(random, other.size())); break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("T16 No input that chance makes of the corpus breaks a reader") {
  for (const fuzz::Target& target : fuzz::targets()) {
    DYNAMIC_SECTION(target.name) {
      const std::vector<std::string> corpus = corpus_of(target.name);
      REQUIRE_FALSE(corpus.empty());
      target.run("");
      for (const std::string& text : corpus) target.run(text);
      std::mt19937_64 random(Catch::getSeed());
      const auto end = std::chrono::steady_clock::now() + each;
      std::size_t runs = 0;
      // For a second, and a hundred of them however busy the machine is.
      for (; runs < 100 || std::chrono::steady_clock::now() < end; ++runs)
        target.run(mutate(corpus[below(random, corpus.size())],
                          corpus[below(random, corpus.size())], random));
    }
  }
}
