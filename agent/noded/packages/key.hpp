#pragma once

#include <optional>
#include <string>
#include <string_view>

// The public key of a package repository. Pure.
namespace kagent::noded::packages {

// "/a/b" for "/a/b" and "file:///a/b"; nothing for other URLs.
std::optional<std::string> local_path(std::string_view source);

// "asc" for an armoured OpenPGP public key, "gpg" for a binary one (RFC 4880, 4.2: a packet of tag
// 6). Nothing for any other content, such as a web page. apt needs these file endings.
std::optional<std::string_view> key_ending(std::string_view text);

// A file name for the source. The same source always gives the same name.
std::string source_name(std::string_view source);

}  // namespace kagent::noded::packages
