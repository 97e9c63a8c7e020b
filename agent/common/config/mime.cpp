#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <vector>

#include "agent/common/base/text.hpp"
#include "agent/common/config/unpack.hpp"

// The part of MIME (RFC 2045, 2046) that cloud-init's multi-part user-data uses.
namespace kagent::config {
namespace {

struct Entity {
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Entity entity_of(std::string_view text) {
  Entity entity;
  std::string* last = nullptr;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const bool continued = line.front() == ' ' || line.front() == '\t';
    if (continued && last != nullptr) {
      last->append(" ").append(trimmed(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;  // "From ..." of an mbox
    last = &entity.headers[lower(trimmed(line.substr(0, colon)))];
    *last = trimmed(line.substr(colon + 1));
  }
  entity.body = text;
  return entity;
}

std::string media_type(const Entity& entity) {
  const auto found = entity.headers.find("content-type");
  if (found == entity.headers.end()) return "text/plain";
  return lower(trimmed(std::string_view(found->second).substr(0, found->second.find(';'))));
}

std::optional<std::string> boundary_of(const Entity& entity) {
  const std::string& type = entity.headers.at("content-type");
  const auto at = lower(type).find("boundary=");
  if (at == std::string::npos) return std::nullopt;
  std::string_view value = std::string_view(type).substr(at + 9);
  if (value.starts_with('"')) {
    const auto end = value.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    value = value.substr(1, end - 1);
  } else {
    value = trimmed(value.substr(0, value.find(';')));
  }
  if (value.empty() || value.size() > 70) return std::nullopt;  // RFC 2046, 5.1.1
  return std::string(value);
}

std::vector<std::string> parts_of(std::string_view body, const std::string& boundary) {
  const std::string delimiter = "--" + boundary;
  std::vector<std::string> parts;
  bool inside = false;
  while (!body.empty()) {
    const char* start = body.data();
    const std::string_view line = take_line(body);
    if (trimmed(line) == delimiter + "--") break;
    if (trimmed(line) == delimiter) {
      parts.emplace_back();
      inside = true;
    } else if (inside) {
      parts.back().append(start, static_cast<std::size_t>(body.data() - start));
    }
  }
  return parts;
}

Result<std::string> decoded_body(const Entity& entity) {
  const auto found = entity.headers.find("content-transfer-encoding");
  if (found != entity.headers.end() && lower(found->second) == "base64")
    return decode_base64(entity.body);
  return entity.body;
}

bool is_ours(const std::string& type) {
  return type == "application/vnd.kagent.node+yaml" || type == "text/x-kagent-url";
}

Result<> collect(std::string_view mime, int depth, std::vector<std::string>& ours) {
  const Entity entity = entity_of(mime);
  const std::string type = media_type(entity);
  if (is_ours(type)) {
    auto body = decoded_body(entity);
    if (!body) return body.error();
    ours.push_back(*body);
    return {};
  }
  if (!type.starts_with("multipart/") || depth > 2) return {};
  const auto boundary = boundary_of(entity);
  if (!boundary)
    return Error(Errc::invalid_argument,
                 "MIME: the multipart names no boundary of 1 to 70 characters");
  for (const std::string& part : parts_of(entity.body, *boundary))
    if (auto done = collect(part, depth + 1, ours); !done) return done;
  return {};
}

}  // namespace

bool is_mime(std::string_view text) {
  const std::string head = lower(text.substr(0, 512));
  return head.find("content-type:") != std::string::npos &&
         (head.starts_with("content-type:") || head.starts_with("mime-version:") ||
          head.starts_with("from "));
}

Result<std::string> kagent_part(std::string_view mime) {
  std::vector<std::string> ours;
  if (auto done = collect(mime, 0, ours); !done) return done.error();
  if (ours.empty())
    return Error(Errc::not_found, "no MIME part application/vnd.kagent.node+yaml in it");
  if (ours.size() > 1)
    return Error(Errc::invalid_argument,
                 "several MIME parts application/vnd.kagent.node+yaml in it");
  return ours.front();
}

}  // namespace kagent::config
