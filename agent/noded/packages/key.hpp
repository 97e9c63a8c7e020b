#pragma once

#include <optional>
#include <string>
#include <string_view>

// A package repository's public key. Pure.
namespace kagent::noded::packages {

// "/a/b" of "/a/b" and of "file:///a/b"; nothing of other URLs.
std::optional<std::string> local_path(std::string_view source);

// "asc" of an armoured OpenPGP public key, "gpg" of a binary one (RFC 4880, 4.2: a packet of tag
// 6); nothing of anything else, a web page for example. apt tells them apart by these endings.
std::optional<std::string_view> key_ending(std::string_view text);

// The same for the same source, fit for a file name.
std::string source_name(std::string_view source);

}  // namespace kagent::noded::packages
