#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kagent::noded {

// Keeps answers of programs that depend only on the program's file and its input, such as its
// version or the images that it needs. Answers are kept while noded runs and the files do not
// change, so that ten checks run a program once.
class Answers {
 public:
  // Identifies a question to a program's file. Nothing if the file does not exist.
  static std::optional<std::string> key(const std::filesystem::path& program,
                                        const std::vector<std::string>& argv,
                                        const std::string& input);

  [[nodiscard]] const std::string* find(const std::string& key) const;
  void keep(std::string key, std::string answer);

 private:
  std::map<std::string, std::string> kept_;
};

}  // namespace kagent::noded
