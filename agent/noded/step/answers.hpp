#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kagent::noded {

// What programs have said whose answer depends on themselves and on what they are given alone:
// their version, the images that they need. Kept while noded runs and their files stay the same
// ones, so that ten checks ask once.
class Answers {
 public:
  // The same question, to the same file; nothing: there is no such file, so it is no key.
  static std::optional<std::string> key(const std::filesystem::path& program,
                                        const std::vector<std::string>& argv,
                                        const std::string& input);

  [[nodiscard]] const std::string* find(const std::string& key) const;
  void keep(std::string key, std::string answer);

 private:
  std::map<std::string, std::string> kept_;
};

}  // namespace kagent::noded
