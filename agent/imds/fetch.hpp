#pragma once

#include "agent/common/base/backoff.hpp"
#include "agent/common/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Instance metadata (IMDSv2) as a state machine with no I/O: it returns the next request, and takes
// the answer. Source: Amazon EC2 User Guide, "Use IMDS" (status codes, token header).
namespace kagent::imds {

inline constexpr std::chrono::seconds token_lifetime{21'600};  // the maximum of IMDS
// Between two tries when a person must act first (IMDS is switched off, or forbids the request).
inline constexpr std::chrono::seconds long_wait{60};
inline constexpr BackoffPolicy retry_policy{std::chrono::milliseconds{250},
                                            std::chrono::milliseconds{5'000},
                                            std::chrono::milliseconds{100}};

struct Reply {
  unsigned status = 0;
  std::string body;
};

// One request to IMDS: a path below /latest/, and the name of the answer. "{mac}" in a path stands
// for the answer with the name "mac"; without that answer the document is absent.
struct Document {
  std::string_view path;
  std::string_view name;
};

enum class Question { token, document };
enum class Verdict {
  take,       // the body is the answer
  absent,     // the document does not exist, which is a valid answer
  new_token,  // the token is bad or has expired
  again,      // IMDS cannot answer now: try again, with backoff
  forbidden,  // a person must act: try again after long_wait
};
Verdict judge(Question question, unsigned status);

// What to do next. `endpoint` is an index into the addresses of IMDS.
struct PutToken {
  std::size_t endpoint = 0;
};
struct Get {
  std::size_t endpoint = 0;
  std::string path;  // with /latest/
  std::string token;
};
struct Wait {
  std::chrono::milliseconds delay{};
  std::string reason;
  bool news = true;  // false: the reason was logged often enough
};
struct Done {};
using Action = std::variant<PutToken, Get, Wait, Done>;

// Tries again without limit: Done comes only when every document is answered. Never uses IMDSv1: no
// document is requested without a token.
class Fetch {
 public:
  Fetch(std::vector<Document> wanted, std::size_t endpoints, std::uint64_t seed);

  Action start();
  // After PutToken or Get. An error means that the connection was refused, cut off or timed out.
  Action on_reply(const Result<Reply>& reply);
  Action on_waited();

  // By name, without the absent documents.
  [[nodiscard]] const std::map<std::string, std::string>& found() const { return found_; }

 private:
  Action ask();
  Action wait(std::chrono::milliseconds delay, const std::string& reason);
  Action on_answer(Question question, const Reply& reply);
  Action on_failure(const Error& error);

  std::vector<Document> wanted_;
  std::size_t endpoints_;
  std::size_t endpoint_ = 0;
  std::size_t next_ = 0;  // index in wanted_
  Backoff backoff_;
  std::string token_;
  std::map<std::string, std::string> found_;
  std::string last_reason_;
  unsigned repeats_ = 0;
};

}  // namespace kagent::imds
