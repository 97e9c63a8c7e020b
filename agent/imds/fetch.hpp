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

// Instance metadata (IMDSv2) as a state machine with no I/O: it says what to ask next, and is told
// what came of it. Source: Amazon EC2 User Guide, "Use IMDS" (status codes, token header).
namespace kagent::imds {

inline constexpr std::chrono::seconds token_lifetime{21'600};  // the longest that IMDS gives
// Between two tries where a person must act first (IMDS is switched off, or forbids it).
inline constexpr std::chrono::seconds long_wait{60};
inline constexpr BackoffPolicy retry_policy{std::chrono::milliseconds{250},
                                            std::chrono::milliseconds{5'000},
                                            std::chrono::milliseconds{100}};

struct Reply {
  unsigned status = 0;
  std::string body;
};

// What is asked of IMDS: a path below /latest/, and the name it is kept under. "{mac}" in a path
// stands for the answer kept as "mac"; without one the document is absent.
struct Document {
  std::string_view path;
  std::string_view name;
};

enum class Question { token, document };
enum class Verdict {
  take,       // the body is the answer
  absent,     // there is no such document, and that is an answer too
  new_token,  // the token is bad or has expired
  again,      // it cannot answer now: try again, with backoff
  forbidden,  // a person must act: try again, seldom
};
Verdict judge(Question question, unsigned status);

// What to do next. `endpoint` counts the addresses at which IMDS may be found.
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
  bool news = true;  // false: said often enough, not worth a line in the journal
};
struct Done {};
using Action = std::variant<PutToken, Get, Wait, Done>;

// Goes on for as long as it takes; ends only with every document answered. Never IMDSv1: without a
// token nothing is asked.
class Fetch {
 public:
  Fetch(std::vector<Document> wanted, std::size_t endpoints, std::uint64_t seed);

  Action start();
  // After PutToken or Get. An error is a connection refused, cut off or timed out.
  Action on_reply(const Result<Reply>& reply);
  Action on_waited();

  // By name; what is absent is not in it.
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
