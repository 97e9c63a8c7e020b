#include "agent/noded/systemd/journal.hpp"

#include <systemd/sd-journal.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace kagent::noded::journal {
namespace {

constexpr std::size_t longest_line = 2000;

struct Close {
  void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, Close>;

Journal open() {
  sd_journal* journal = nullptr;
  return sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY) < 0 ? nullptr : Journal(journal);
}

std::string field(sd_journal* journal, const char* name) {
  const void* data = nullptr;
  std::size_t length = 0;
  if (sd_journal_get_data(journal, name, &data, &length) < 0) return {};
  const std::string_view text(static_cast<const char*>(data), length);
  const auto equals = text.find('=');
  return equals == std::string_view::npos ? std::string{} : std::string(text.substr(equals + 1));
}

bool match(sd_journal* journal, const std::string& text) {
  return sd_journal_add_match(journal, text.data(), text.size()) >= 0;
}

std::vector<std::string> read_back(sd_journal* journal, std::size_t count) {
  std::vector<std::string> lines;
  if (sd_journal_seek_tail(journal) < 0) return lines;
  while (lines.size() < count && sd_journal_previous(journal) > 0)
    lines.push_back(field(journal, "MESSAGE").substr(0, longest_line));
  std::ranges::reverse(lines);
  return lines;
}

}  // namespace

std::vector<std::string> last_lines(const std::string& invocation_id, std::size_t count) {
  if (invocation_id.empty() || count == 0) return {};
  const Journal journal = open();
  if (!journal || !match(journal.get(), "_SYSTEMD_INVOCATION_ID=" + invocation_id) ||
      sd_journal_add_disjunction(journal.get()) < 0 ||
      !match(journal.get(), "INVOCATION_ID=" + invocation_id))
    return {};
  return read_back(journal.get(), count);
}

std::vector<std::string> last_printed(const std::string& invocation_id, std::size_t count) {
  if (invocation_id.empty() || count == 0) return {};
  const Journal journal = open();
  if (!journal || !match(journal.get(), "_SYSTEMD_INVOCATION_ID=" + invocation_id)) return {};
  return read_back(journal.get(), count);
}

std::vector<std::string> last_run(const std::string& unit, std::size_t count) {
  std::string invocation_id;
  if (const Journal journal = open(); journal && match(journal.get(), "_SYSTEMD_UNIT=" + unit) &&
                                      sd_journal_seek_tail(journal.get()) >= 0 &&
                                      sd_journal_previous(journal.get()) > 0)
    invocation_id = field(journal.get(), "_SYSTEMD_INVOCATION_ID");
  return last_lines(invocation_id, count);
}

}  // namespace kagent::noded::journal
