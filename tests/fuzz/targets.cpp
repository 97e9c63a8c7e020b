#include "tests/fuzz/targets.hpp"

#include "agent/common/base/printable.hpp"
#include "agent/common/config/cluster_config.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/common/trust/envelope.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/imds/documents.hpp"
#include "agent/imds/fetch.hpp"
#include "coordinator/admission/instance_identity.hpp"
#include "coordinator/admission/message_limits.hpp"
#include "coordinator/admission/tokens.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/ctl/render/text.hpp"
#include "coordinator/registry/registry.hpp"
#include "coordinator/web/answer.hpp"
#include "coordinator/web/site.hpp"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/envelope.pb.h"
#include "tests/support/ec2_signer.hpp"

#include <google/protobuf/stubs/logging.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace kagent::fuzz {
namespace {

// A promise that holds for every input.
void promise(bool holds) {
  if (!holds) std::abort();
}

void identity(std::string_view input) {
  const auto document = attest::parse_identity_document(input);
  if (!document) return;
  promise(!document->instance_id.empty() && document->instance_id.size() <= 128);
  promise(document->instance_id.find_first_of("\n\"<> ") == std::string::npos);
}

// No input is signed with this key, which is gone at the end of the line.
void pkcs7(std::string_view input) {
  static const attest::RegionCertificates certificates{
      {"eu-central-1", {pki::certificate_from_pem(Ec2Signer().pem()).value()}}};
  promise(!attest::verify_instance_identity(input, certificates));
}

void user_data(std::string_view input) {
  const auto node = config::parse_user_data(input, "user-data");
  if (node) promise(config::parse_coordinator_url(node->coordinator()).has_value());
  if (!node) promise(!node.error().message().empty() && node.error().message().size() < 65'536);
}

void cluster_config(std::string_view input) {
  const auto config = config::parse_cluster_config(input, "cluster.yaml");
  if (config) promise(config->control_planes() >= 1);
}

// Nobody has signed it.
void envelope(std::string_view input) {
  EnvelopeExpectation expected;
  expected.ca_sha256 = std::string(64, '0');
  expected.node_id = "i-1";
  promise(!open_envelope(input, expected));
}

void url(std::string_view input) {
  if (const auto parsed = config::parse_coordinator_url(input))
    promise(parsed->ca_sha256.size() == 64 && parsed->port != 0);
}

void csr(std::string_view input) {
  if (const auto parsed = pki::parse_csr(input)) promise(parsed->public_key != nullptr);
}

// What an enrolled node says: into the registry, and out again as administrators see it.
void message(std::string_view input) {
  using namespace coordinator;
  v1::AgentMessage body;
  if (!body.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  (void)bound(body);
  promise(body.ByteSizeLong() <= reply_limits.total_bytes + (1 << 20));
  const Now now{};
  Registry registry({}, {}, {}, now);
  registry.enrol("i-1", "key", WantedRole::automatic, now);
  registry.connected("i-1", to_hello(body.hello()), now);
  registry.reported("i-1", to_report(body.report()), now);
  if (auto ready = to_cluster_ready(body.cluster_ready()))
    registry.cluster_ready("i-1", std::move(*ready), now);
  registry.kubernetes_nodes("i-1", to_kubernetes(body.kubernetes_nodes()), now);
  registry.minted("i-1", to_minted(body.mint_reply()), now);
  registry.drained("i-1", to_drained(body.drain_reply()), now);
  registry.tick(now);
  (void)registry.take_actions();
  promise(registry.find("i-1") != nullptr);
  (void)to_message(registry, *registry.find("i-1"));
}

// What whoever has reached the admin API may order, of nodes that joined, join and have left.
void admin(std::string_view input) {
  using namespace coordinator;
  const Now now{};
  Registry registry({}, {}, {}, now);
  for (const char* id : {"i-1", "i-2"}) registry.enrol(id, "key", WantedRole::automatic, now);
  registry.connected("i-1", {}, now);
  Tokens tokens({}, {});
  const auto bytes = [&] { return std::string(input.substr(1)); };
  if (input.empty()) return;
  v1::LeaveNodeRequest leave;
  v1::CreateTokenRequest token;
  switch (input.front() % 3) {
    case 0:
      if (leave.ParseFromString(bytes())) (void)registry.leave("i-1", to_leave_wish(leave), now);
      break;
    case 1:
      if (leave.ParseFromString(bytes())) {
        (void)registry.leave(leave.node(), to_leave_wish(leave), now);
        (void)registry.rejoin(leave.node(), now);
      }
      break;
    default:
      if (!token.ParseFromString(bytes())) return;
      const auto wish = to_token_wish(token, "fuzz");
      if (!wish) return;
      if (const auto created = tokens.create(*wish, now))
        promise(tokens.find(created->token, now).has_value());
  }
  registry.tick(now);
  (void)registry.take_actions();
  for (const auto& node : registry.nodes()) (void)to_message(registry, *node);
}

class NoContent final : public coordinator::SiteContent {
 public:
  [[nodiscard]] bool ready() const override { return false; }
  [[nodiscard]] std::string metrics() const override { return "metrics"; }
  [[nodiscard]] std::string nodes_json() const override { return "{}"; }
};

// A browser's bytes, and no answer but ours.
void http(std::string_view input) {
  namespace http = boost::beast::http;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(8192);
  parser.body_limit(0);
  boost::system::error_code error;
  while (!error && !parser.is_done() && !input.empty())
    input.remove_prefix(parser.put(boost::asio::buffer(input), error));
  if (error || !parser.is_done()) return;
  const std::string method(parser.get().method_string());
  const std::string target(parser.get().target());
  const auto answer = coordinator::answer(method, target, NoContent());
  constexpr std::array statuses{200U, 404U, 405U, 503U};
  promise(std::find(statuses.begin(), statuses.end(), answer.status) != statuses.end());
  promise(answer.status == 405 || method == "GET" || method == "HEAD");
}

// Answers of a metadata service: a byte for the status, lines for the bodies.
void imds(std::string_view input) {
  imds::Fetch fetch({imds::documents.begin(), imds::documents.end()}, 2, 1);
  imds::Action action = fetch.start();
  constexpr std::array statuses{200U, 200U, 200U, 200U, 401U, 403U, 404U, 429U, 503U, 0U};
  for (std::size_t turn = 0; turn < 100 && !input.empty(); ++turn) {
    if (std::holds_alternative<imds::Done>(action)) return;
    if (const auto* get = std::get_if<imds::Get>(&action)) {
      promise(!get->token.empty());  // never IMDSv1
      promise(get->path.find_first_of("\r\n ") == std::string::npos);
      promise(get->token.find_first_of("\r\n") == std::string::npos);
    }
    if (std::holds_alternative<imds::Wait>(action)) {
      action = fetch.on_waited();
      continue;
    }
    const auto status = statuses[static_cast<unsigned char>(input.front()) % statuses.size()];
    const auto end = std::min(input.find('\n'), input.size() - 1);
    imds::Reply reply{status, std::string(input.substr(1, end))};
    input.remove_prefix(end + 1);
    if (status == 0)
      action = fetch.on_reply(Error(Errc::unavailable, reply.body));
    else
      action = fetch.on_reply(std::move(reply));
  }
}

void text(std::string_view input) {
  const std::string line = printable(input);
  for (const char c : line) promise(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
  promise(printable(line) == line);
  promise(ctl::render::columns(ctl::render::cut(line, 10)) <= 10);
}

constexpr std::array<Target, 12> all{{{"identity", identity},
                                      {"pkcs7", pkcs7},
                                      {"user-data", user_data},
                                      {"cluster-config", cluster_config},
                                      {"envelope", envelope},
                                      {"url", url},
                                      {"csr", csr},
                                      {"message", message},
                                      {"admin", admin},
                                      {"http", http},
                                      {"imds", imds},
                                      {"text", text}}};

}  // namespace

std::span<const Target> targets() {
  google::protobuf::SetLogHandler(nullptr);  // as log::init() does it
  return all;
}

}  // namespace kagent::fuzz
