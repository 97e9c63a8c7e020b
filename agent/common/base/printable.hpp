#pragma once

#include <string>
#include <string_view>

namespace kagent {

// One line that is safe on a terminal and in a log, whatever `text` holds. These are shown as
// escapes: controls (C0, DEL, C1), line and paragraph separators, bidirectional and invisible
// format characters (Trojan Source, CVE-2021-42574), and bytes that are not UTF-8 (RFC 3629). A
// line feed becomes \n, U+202E becomes \u{202e}, the byte FF becomes \xff. A backslash stays as it
// is: the result is for people, and it cannot be turned back. Safe to repeat: its own output is
// unchanged.
std::string printable(std::string_view text);

// As printable(), of at most `most_bytes` bytes; " [cut]" ends what was longer. `most_bytes` is at
// least 16. No character is cut in two.
std::string printable(std::string_view text, std::size_t most_bytes);

}  // namespace kagent
