#include "coordinator/core/log_requests.hpp"

#include "coordinator/core/find_node.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

constexpr std::chrono::seconds answer_limit{5};
constexpr std::uint32_t default_lines = 200;
constexpr std::uint32_t most_lines = 5000;

}  // namespace

void LogRequests::get(const std::string& node, const std::string& step, std::uint32_t lines,
                      Done done) {
  const auto found = find_node(registry_, node);
  if (!found) return done(found.error());
  const std::string& id = (*found)->record.id;
  if (!sessions_.is_connected(id))
    return done(Error(Errc::unavailable, "node " + node + " is not connected"));
  const std::uint64_t number = waits_.next_number();
  waits_.add(number, id, std::move(done), answer_limit);
  v1::CoordinatorMessage message;
  v1::LogRequest& request = *message.mutable_log_request();
  request.set_request(number);
  request.set_step(step);
  request.set_lines(lines == 0 ? default_lines : std::min(lines, most_lines));
  sessions_.send(id, std::move(message));
}

void LogRequests::answered(const std::string& node, v1::LogReply reply) {
  const auto done = waits_.take(reply.request(), node);
  if (!done) return;
  if (!reply.error().empty()) return (*done)(Error(Errc::unavailable, reply.error()));
  (*done)(Lines(std::make_move_iterator(reply.mutable_lines()->begin()),
                std::make_move_iterator(reply.mutable_lines()->end())));
}

}  // namespace kagent::coordinator
