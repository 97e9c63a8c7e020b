#include "coordinator/ctl/client/client.hpp"

#include "agent/common/base/printable.hpp"
#include "agent/common/values/bound.hpp"
#include "coordinator/ctl/client/channel.hpp"
#include "kagent/v1/admin.grpc.pb.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <limits>

namespace kagent::ctl {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::seconds call_limit{15};
// The coordinator asks a control plane and then the node.
constexpr std::chrono::seconds plan_limit{140};

Errc code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT: return Errc::invalid_argument;
    case grpc::StatusCode::NOT_FOUND: return Errc::not_found;
    case grpc::StatusCode::PERMISSION_DENIED: return Errc::permission_denied;
    case grpc::StatusCode::UNAUTHENTICATED: return Errc::unauthenticated;
    case grpc::StatusCode::FAILED_PRECONDITION: return Errc::failed_precondition;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED:  // the coordinator stops
    case grpc::StatusCode::DEADLINE_EXCEEDED: return Errc::unavailable;
    default: return Errc::internal;
  }
}

// Most texts come from nodes, through the coordinator. They are made safe for a terminal here,
// once, whatever a command does with them: as a table, as JSON, or as log lines.
void make_printable(google::protobuf::Message& message) {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  (void)values::bound(message, {1 << 20, all, all});
}

class GrpcClient final : public Client {
 public:
  explicit GrpcClient(Channel channel)
      : channel_(std::move(channel)), stub_(v1::Admin::NewStub(channel_.channel)) {}

  Result<v1::ListNodesResponse> list_nodes() override {
    return call<v1::ListNodesResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->ListNodes(context, {}, response);
    });
  }

  Result<v1::Node> get_node(const std::string& id_or_name) override {
    v1::GetNodeRequest request;
    request.set_node(id_or_name);
    return call<v1::Node>([&](grpc::ClientContext* context, auto* response) {
      return stub_->GetNode(context, request, response);
    });
  }

  Result<std::vector<std::string>> get_logs(const std::string& node, const std::string& step,
                                            std::uint32_t lines) override {
    v1::GetLogsRequest request;
    request.set_node(node);
    request.set_step(step);
    request.set_lines(lines);
    auto logs = call<v1::GetLogsResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->GetLogs(context, request, response);
    });
    if (!logs) return logs.error();
    return std::vector<std::string>(logs->lines().begin(), logs->lines().end());
  }

  Result<std::string> user_data(bool with_token) override {
    v1::GetUserDataRequest request;
    request.set_with_token(with_token);
    auto answer = call<v1::GetUserDataResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->GetUserData(context, request, response);
    });
    if (!answer) return answer.error();
    return answer->user_data();
  }

  Result<std::string> leave_node(const v1::LeaveNodeRequest& request) override {
    auto answer = call<v1::LeaveNodeResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->LeaveNode(context, request, response);
    });
    if (!answer) return answer.error();
    return answer->node_id();
  }

  Result<std::string> retry_node(const std::string& id_or_name) override {
    v1::RetryNodeRequest request;
    request.set_node(id_or_name);
    auto answer = call<v1::RetryNodeResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->RetryNode(context, request, response);
    });
    if (!answer) return answer.error();
    return answer->node_id();
  }

  Result<std::string> rejoin_node(const std::string& id_or_name) override {
    v1::RejoinNodeRequest request;
    request.set_node(id_or_name);
    auto answer = call<v1::RejoinNodeResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->RejoinNode(context, request, response);
    });
    if (!answer) return answer.error();
    return answer->node_id();
  }

  Result<v1::ListClaimsResponse> list_claims() override {
    return call<v1::ListClaimsResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->ListClaims(context, {}, response);
    });
  }

  Result<std::string> approve_node(const std::string& id, const std::string& key) override {
    v1::ApproveNodeRequest request;
    request.set_node_id(id);
    request.set_key_sha256(key);
    auto answer = call<v1::ApproveNodeResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->ApproveNode(context, request, response);
    });
    if (!answer) return answer.error();
    return answer->key_sha256();
  }

  Result<v1::ForgetNodeResponse> forget_node(const std::string& id_or_name,
                                             const std::string& key) override {
    v1::ForgetNodeRequest request;
    request.set_node(id_or_name);
    request.set_key_sha256(key);
    return call<v1::ForgetNodeResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->ForgetNode(context, request, response);
    });
  }

  Result<v1::CreateTokenResponse> create_token(const v1::CreateTokenRequest& request) override {
    return call<v1::CreateTokenResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->CreateToken(context, request, response);
    });
  }

  Result<v1::ListCertificatesResponse> list_certificates() override {
    return call<v1::ListCertificatesResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->ListCertificates(context, {}, response);
    });
  }

  Result<v1::ListTokensResponse> list_tokens() override {
    return call<v1::ListTokensResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->ListTokens(context, {}, response);
    });
  }

  Result<> drop_token(const std::string& id) override {
    v1::DropTokenRequest request;
    request.set_id(id);
    auto answer = call<v1::DropTokenResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->DropToken(context, request, response);
    });
    return answer ? Result<>() : Result<>(answer.error());
  }

  Result<v1::PlanLeaveResponse> plan_leave(const std::string& id_or_name, bool remove) override {
    v1::PlanLeaveRequest request;
    request.set_node(id_or_name);
    request.set_remove(remove);
    return call<v1::PlanLeaveResponse>(
        [&](grpc::ClientContext* context, auto* response) {
          return stub_->PlanLeave(context, request, response);
        },
        plan_limit);
  }

  Result<v1::GetKubeconfigResponse> get_kubeconfig(const std::string& csr,
                                                   std::chrono::seconds lifetime) override {
    v1::GetKubeconfigRequest request;
    request.set_csr(csr);
    request.set_lifetime_seconds(static_cast<std::uint32_t>(lifetime.count()));
    return call<v1::GetKubeconfigResponse>([&](grpc::ClientContext* context, auto* response) {
      return stub_->GetKubeconfig(context, request, response);
    });
  }

  Result<> watch_nodes(std::chrono::milliseconds tick, const OnChange& on_change) override;

 private:
  template <class Response, class Call>
  Result<Response> call(Call make, std::chrono::seconds limit = call_limit) {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + limit);
    Response response;
    if (const grpc::Status status = make(&context, &response); !status.ok()) return error(status);
    make_printable(response);
    return response;
  }

  [[nodiscard]] Error error(const grpc::Status& status) const {
    const Errc code = code_of(status.error_code());
    const std::string message = printable(status.error_message());
    if (code != Errc::unavailable) return {code, message};
    // The message is the coordinator's (a node is not connected) or gRPC's (nobody listens).
    return {code, channel_.name + ": " + message};
  }

  Channel channel_;
  std::unique_ptr<v1::Admin::Stub> stub_;
};

// This uses gRPC's asynchronous reader, since only a completion queue can be waited on with a time
// limit.
Result<> GrpcClient::watch_nodes(std::chrono::milliseconds tick, const OnChange& on_change) {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto reader = stub_->AsyncWatchNodes(&context, {}, &queue, nullptr);
  v1::WatchNodesResponse message;
  bool reading = false;
  bool wanted = true;
  for (;;) {
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue.AsyncNext(&tag, &ok, system_clock::now() + tick);
    if (next == grpc::CompletionQueue::TIMEOUT) {
      if (wanted && !(wanted = on_change(nullptr))) context.TryCancel();
      continue;
    }
    if (!ok) break;
    make_printable(message);
    if (wanted && reading && !(wanted = on_change(&message))) context.TryCancel();
    reading = true;
    message.Clear();
    reader->Read(&message, nullptr);
  }
  grpc::Status status;
  reader->Finish(&status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  if (!wanted) return {};
  return status.ok() ? Error(Errc::unavailable, channel_.name + ": the stream of changes has ended")
                     : error(status);
}

}  // namespace

Result<std::unique_ptr<Client>> connect(const Endpoint& endpoint) {
  auto channel = open_channel(endpoint);
  if (!channel) return channel.error();
  return std::unique_ptr<Client>(std::make_unique<GrpcClient>(std::move(*channel)));
}

}  // namespace kagent::ctl
