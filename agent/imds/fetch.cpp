#include "agent/imds/fetch.hpp"

#include <bit>

namespace kagent::imds {
namespace {

constexpr std::size_t longest_token = 1024;
constexpr std::string_view mac_place = "{mac}";

bool is_header_value(std::string_view text) {
  if (text.empty() || text.size() > longest_token) return false;
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool is_path_part(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos;
}

std::string forbidden_reason(Question question, unsigned status) {
  const std::string code = "the metadata service answered " + std::to_string(status);
  if (question == Question::token && (status == 404 || status == 405))
    return code + " to the request for a token: it does not speak IMDSv2, and kagent never uses v1";
  if (status == 403)
    return code +
           ": IMDS is switched off for this instance, or a policy forbids it; allow it with "
           "`aws ec2 modify-instance-metadata-options --http-endpoint enabled`";
  return code + ", which IMDS never does; is this EC2's service?";
}

}  // namespace

Verdict judge(Question question, unsigned status) {
  if (status == 200) return Verdict::take;
  if (status == 429 || status >= 500) return Verdict::again;
  if (question == Question::document && status == 401) return Verdict::new_token;
  if (question == Question::document && status == 404) return Verdict::absent;
  return Verdict::forbidden;
}

Fetch::Fetch(std::vector<Document> wanted, std::size_t endpoints, std::uint64_t seed)
    : wanted_(std::move(wanted)), endpoints_(endpoints), backoff_(retry_policy, seed) {}

Action Fetch::start() {
  return ask();
}

Action Fetch::on_waited() {
  return ask();
}

Action Fetch::on_reply(const Result<Reply>& reply) {
  if (!reply) return on_failure(reply.error());
  return on_answer(token_.empty() ? Question::token : Question::document, *reply);
}

Action Fetch::ask() {
  if (next_ == wanted_.size()) return Done{};
  if (token_.empty()) return PutToken{endpoint_};
  std::string path = "/latest/" + std::string(wanted_[next_].path);
  if (const auto place = path.find(mac_place); place != std::string::npos) {
    const auto mac = found_.find("mac");
    if (mac == found_.end() || !is_path_part(mac->second)) {
      ++next_;
      return ask();
    }
    path.replace(place, mac_place.size(), mac->second);
  }
  return Get{endpoint_, std::move(path), token_};
}

Action Fetch::on_answer(Question question, const Reply& reply) {
  switch (judge(question, reply.status)) {
    case Verdict::take:
      if (question == Question::document) {
        found_[std::string(wanted_[next_++].name)] = reply.body;
        backoff_.reset();
        return ask();
      }
      if (!is_header_value(reply.body))
        return wait(backoff_.next(), "the metadata service gave a malformed token");
      token_ = reply.body;
      return ask();
    case Verdict::absent:
      ++next_;
      backoff_.reset();
      return ask();
    case Verdict::new_token:
      token_.clear();
      // Only a success resets the backoff: a service that refuses its own tokens must not cause a
      // busy loop.
      return wait(backoff_.next(),
                  "the metadata service no longer accepts its token; getting another");
    case Verdict::again:
      return wait(backoff_.next(), "the metadata service answered " + std::to_string(reply.status));
    case Verdict::forbidden:
      token_.clear();
      return wait(long_wait, forbidden_reason(question, reply.status));
  }
  return wait(long_wait, "");
}

Action Fetch::on_failure(const Error& error) {
  // The other address may be another service, which does not know this token.
  token_.clear();
  endpoint_ = (endpoint_ + 1) % endpoints_;
  return wait(backoff_.next(), error.message());
}

Action Fetch::wait(std::chrono::milliseconds delay, const std::string& reason) {
  repeats_ = reason == last_reason_ ? repeats_ + 1 : 1;
  last_reason_ = reason;
  return Wait{delay, reason, std::has_single_bit(repeats_)};
}

}  // namespace kagent::imds
