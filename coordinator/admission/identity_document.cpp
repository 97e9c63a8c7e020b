#include "coordinator/admission/identity_document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace kagent::attest {
namespace {

using nlohmann::json;

constexpr std::size_t longest_field = 128;

Error wrong(std::string_view what) {
  return {Errc::invalid_argument, "instance identity document: " + std::string(what)};
}

bool is_plain(std::string_view text) {
  return text.size() <= longest_field && std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '.' || c == ':';
         });
}

std::optional<std::string> field(const json& document, const char* name) {
  const auto found = document.find(name);
  if (found == document.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  return is_plain(text) ? std::optional(text) : std::nullopt;
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + digits, value);
  if (error != std::errc() || end != begin + digits || value < 0) return std::nullopt;
  return value;
}

// "2016-11-19T16:32:11Z"
std::optional<std::chrono::system_clock::time_point> time_from(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 'd' && shape[i] != text[i]) return std::nullopt;
  const auto y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2);
  const auto h = number(text, 11, 2), mi = number(text, 14, 2), s = number(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  const year_month_day day{year(*y), month(static_cast<unsigned>(*mo)),
                           std::chrono::day(static_cast<unsigned>(*d))};
  // The clock's 64-bit count of nanoseconds must not overflow.
  if (!day.ok() || *y < 2006 || *y > 2200) return std::nullopt;
  return sys_days(day) + hours(*h) + minutes(*mi) + seconds(*s);
}

}  // namespace

Result<IdentityDocument> parse_identity_document(std::string_view text) {
  // Parsers disagree about a name that occurs twice.
  bool twice = false;
  std::vector<std::vector<std::string>> seen;
  const auto watch = [&](int depth, json::parse_event_t event, const json& parsed) {
    if (depth > 8) twice = true;
    if (event == json::parse_event_t::object_start) seen.emplace_back();
    if (event == json::parse_event_t::object_end && !seen.empty()) seen.pop_back();
    if (event == json::parse_event_t::key && !seen.empty()) {
      const std::string name = parsed.get<std::string>();
      if (std::ranges::find(seen.back(), name) != seen.back().end()) twice = true;
      seen.back().push_back(name);
    }
    return true;
  };
  const json document = json::parse(text, watch, false);
  if (document.is_discarded() || !document.is_object()) return wrong("is not a JSON object");
  if (twice) return wrong("has a name twice, or nests too deep");
  IdentityDocument identity;
  const auto need = [&](const char* name, std::string& value) {
    const auto found = field(document, name);
    if (!found || found->empty()) return false;
    value = *found;
    return true;
  };
  if (!need("instanceId", identity.instance_id)) return wrong("has no instanceId");
  if (!need("accountId", identity.account_id)) return wrong("has no accountId");
  if (!need("region", identity.region)) return wrong("has no region");
  identity.availability_zone = field(document, "availabilityZone").value_or("");
  identity.image_id = field(document, "imageId").value_or("");
  identity.instance_type = field(document, "instanceType").value_or("");
  identity.private_ip = field(document, "privateIp").value_or("");
  const auto pending = field(document, "pendingTime");
  const auto time = pending ? time_from(*pending) : std::nullopt;
  if (!time) return wrong("has no pendingTime such as 2016-11-19T16:32:11Z");
  identity.pending_time = *time;
  return identity;
}

}  // namespace kagent::attest
