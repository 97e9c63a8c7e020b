#include "agent/common/base/file.hpp"
#include "coordinator/ctl/cli.hpp"
#include "coordinator/ctl/documents/documents.hpp"

#include <iostream>

using namespace kagent;

// kagentctl-documents PAGE.in FOLDER: writes kagentctl's man page and shell completions to FOLDER.
int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: kagentctl-documents PAGE.in FOLDER\n";
    return 2;
  }
  const auto page = read_file(argv[1]);
  if (!page) {
    std::cerr << "kagentctl-documents: " << page.error().message() << '\n';
    return 1;
  }
  ctl::Endpoint endpoint;
  const ctl::Command program = ctl::program(endpoint);
  const std::pair<std::string, std::string> files[] = {
      {"kagentctl.1", ctl::documents::man_page(program, *page)},
      {"kagentctl.bash", ctl::documents::bash_completion(program)},
      {"_kagentctl", ctl::documents::zsh_completion(program)},
      {"kagentctl.fish", ctl::documents::fish_completion(program)},
  };
  for (const auto& [name, text] : files)
    if (const auto written = write_file_atomic(argv[2] + ("/" + name), text, 0644); !written) {
      std::cerr << "kagentctl-documents: " << written.error().message() << '\n';
      return 1;
    }
  return 0;
}
