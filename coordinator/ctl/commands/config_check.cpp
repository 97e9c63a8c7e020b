#include "agent/common/base/file.hpp"
#include "agent/common/config/cluster_config.hpp"
#include "agent/common/config/node_config.hpp"
#include "coordinator/ctl/commands/commands.hpp"

#include <re2/re2.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Errors are reported with line and column. A NodeConfig may also be a kagent:// line, a MIME part, gzip or base64. The
command needs no coordinator.)";

constexpr std::size_t most_bytes = 1 << 20;

Result<std::string> content_of(const std::string& file) {
  if (file != "-") return read_file(file, most_bytes);
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (text.size() > most_bytes) return Error(Errc::resource_exhausted, "stdin: larger than 1 MiB");
  return text;
}

// A document is a ClusterConfig if its kind says so, or if it has no kind and has fields but no
// `coordinator`. Everything else is user-data: a URL, a NodeConfig, MIME, gzip or base64.
bool is_cluster_config(const std::string& text) {
  static const RE2 user_data(R"((?i)(?:^|\n)(?:MIME-Version|Content-Type|#cloud-config)\b)");
  if (RE2::PartialMatch(text, user_data)) return false;
  static const RE2 kind(R"((?:^|\n)\s*"?kind"?\s*:\s*["']?(\w+))");
  if (std::string found; RE2::PartialMatch(text, kind, &found)) return found == "ClusterConfig";
  static const RE2 coordinator(R"((?:^|\n)\s*"?coordinator"?\s*:)");
  static const RE2 other_field(R"((?:^|\n)["{]?[a-z]\w*"?\s*:(?:\s|$))");
  if (RE2::PartialMatch(text, coordinator)) return false;
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos;
  return blank || RE2::PartialMatch(text, other_field);
}

ExitCode print_wrong(const Error& error) {
  std::cerr << error.message() << '\n';  // each line begins with its place, so no prefix
  return exit_usage;
}

ExitCode run(const std::string& file) {
  const auto text = content_of(file);
  if (!text) return print_wrong(text.error());
  const std::string source = file == "-" ? "stdin" : file;
  if (is_cluster_config(*text)) {
    const auto parsed = config::parse_cluster_config(*text, source);
    if (!parsed) return print_wrong(parsed.error());
    std::cout << source << ": a valid ClusterConfig\n";
    return exit_ok;
  }
  const auto parsed = config::parse_user_data(*text, source);
  if (!parsed) return print_wrong(parsed.error());
  const std::string& url = parsed->coordinator();  // the token after '?' is a secret
  std::cout << source << ": a valid NodeConfig for " << url.substr(0, url.find('?')) << '\n';
  return exit_ok;
}

}  // namespace

Command make_config() {
  const auto file = std::make_shared<std::string>();
  Command check("check", "Validate a ClusterConfig or a NodeConfig", details);
  Argument& argument = check.positional("FILE", into(*file), "The document; - for stdin");
  argument.required = true;
  argument.offer = Offer::files;
  check.run = [file] { return run(*file); };

  Command group("config", "Work with ClusterConfig and NodeConfig documents");
  group.commands.push_back(std::move(check));
  return group;
}

}  // namespace kagent::ctl
