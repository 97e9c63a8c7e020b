#include "agent/common/base/log.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"
#include "coordinator/server/grpc_util.hpp"
#include "coordinator/server/services.hpp"
#include "kagent/v1/admin.grpc.pb.h"

#include <boost/asio/post.hpp>

#include <deque>
#include <unordered_set>

namespace kagent::coordinator {
namespace {

using boost::asio::any_io_executor;

// Sends each changed node when the stream can be written: a slow reader gets the latest state,
// never a backlog.
class WatchReactor final : public Watcher,
                           public std::enable_shared_from_this<WatchReactor>,
                           public grpc::ServerWriteReactor<v1::WatchNodesResponse> {
 public:
  WatchReactor(any_io_executor loop, Coordinator& coordinator, Caller caller)
      : loop_(std::move(loop)), coordinator_(coordinator), caller_(std::move(caller)) {}

  void begin() {
    self_ = shared_from_this();
    boost::asio::post(loop_, [self = self_] { self->start(); });
  }

  // Watcher
  void changed(const std::string& node_id) override {
    if (!queued_.insert(node_id).second) return;
    pending_.push_back(node_id);
    write_next();
  }
  void close(const Error& why) override { finish(to_status(why)); }

 private:
  void OnWriteDone(bool ok) override {
    boost::asio::post(loop_, [self = self_, ok] { self->on_written(ok); });
  }
  void OnCancel() override {
    boost::asio::post(loop_, [self = self_] { self->finish(grpc::Status::CANCELLED); });
  }
  void OnDone() override {
    boost::asio::post(
        loop_, [self = std::move(self_)] { self->coordinator_.watchers().remove(self.get()); });
  }

  void start() {
    if (auto may = coordinator_.administration().may_administer(caller_, "WatchNodes"); !may)
      return finish(to_status(may.error()));
    for (const auto& node : coordinator_.registry().nodes()) {
      queued_.insert(node->record.id);
      pending_.push_back(node->record.id);
    }
    coordinator_.watchers().add(shared_from_this());
    write_next();
  }

  void write_next() {
    if (writing_ || closing_) return;
    outgoing_.Clear();
    if (!pending_.empty()) {
      const std::string id = std::move(pending_.front());
      pending_.pop_front();
      queued_.erase(id);
      if (const Node* node = coordinator_.registry().find(id))
        *outgoing_.mutable_updated() = coordinator_.administration().describe(*node);
      else
        outgoing_.set_removed_id(id);
    } else if (complete_) {
      return;
    }
    if (pending_.empty()) complete_ = true;
    outgoing_.set_complete(complete_);
    *outgoing_.mutable_now() = to_timestamp(std::chrono::system_clock::now());
    writing_ = true;
    StartWrite(&outgoing_);
  }

  void on_written(bool ok) {
    writing_ = false;
    if (closing_) return Finish(status_);
    if (!ok) return finish(grpc::Status::CANCELLED);
    write_next();
  }

  void finish(grpc::Status status) {
    if (std::exchange(closing_, true)) return;
    status_ = std::move(status);
    if (!writing_) Finish(status_);
  }

  any_io_executor loop_;
  Coordinator& coordinator_;
  Caller caller_;
  std::shared_ptr<WatchReactor> self_;
  std::deque<std::string> pending_;
  std::unordered_set<std::string> queued_;
  v1::WatchNodesResponse outgoing_;
  grpc::Status status_;
  bool complete_ = false;
  bool writing_ = false;
  bool closing_ = false;
};

class AdminService final : public v1::Admin::CallbackService {
 public:
  AdminService(any_io_executor loop, Coordinator& coordinator)
      : loop_(std::move(loop)), coordinator_(coordinator) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // Runs `work` on the loop if the caller may; it returns what to finish with.
  template <class Work>
  Reactor* on_loop_as(Context* context, const char* what, Work work) {
    Reactor* reactor = context->DefaultReactor();
    boost::asio::post(
        loop_, [this, what, reactor, work = std::move(work), caller = caller_of(*context)] {
          if (auto may = coordinator_.administration().may_administer(caller, what); !may)
            return reactor->Finish(to_status(may.error()));
          const Result<> done = work(caller);
          reactor->Finish(done ? grpc::Status::OK : to_status(done.error()));
        });
    return reactor;
  }
  template <class Work>
  Reactor* on_loop(Context* context, const char* what, Work work) {
    return on_loop_as(context, what, [work = std::move(work)](const Caller&) { return work(); });
  }

  Reactor* ListNodes(Context* context, const v1::ListNodesRequest*,
                     v1::ListNodesResponse* response) override {
    return on_loop(context, "ListNodes", [this, response]() -> Result<> {
      *response = coordinator_.administration().list_nodes();
      return {};
    });
  }

  Reactor* GetNode(Context* context, const v1::GetNodeRequest* request,
                   v1::Node* response) override {
    return on_loop(context, "GetNode", [this, request, response]() -> Result<> {
      auto node = coordinator_.administration().describe(request->node());
      if (!node) return node.error();
      *response = std::move(*node);
      return {};
    });
  }

  Reactor* GetUserData(Context* context, const v1::GetUserDataRequest* request,
                       v1::GetUserDataResponse* response) override {
    return on_loop_as(
        context, "GetUserData", [this, request, response](const Caller& caller) -> Result<> {
          auto line = coordinator_.user_data().hand_out(request->with_token(), caller);
          if (!line) return line.error();
          response->set_user_data(std::move(*line));
          return {};
        });
  }

  Reactor* GetClusterConfig(Context* context, const v1::GetClusterConfigRequest*,
                            v1::ClusterConfig* response) override {
    return on_loop(context, "GetClusterConfig", [this, response]() -> Result<> {
      *response = coordinator_.config();
      return {};
    });
  }

  Reactor* GetLogs(Context* context, const v1::GetLogsRequest* request,
                   v1::GetLogsResponse* response) override {
    Reactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, request, response, caller = caller_of(*context)] {
      if (auto may = coordinator_.administration().may_administer(caller, "GetLogs"); !may)
        return reactor->Finish(to_status(may.error()));
      auto done = [reactor, response](Result<LogRequests::Lines> lines) {
        if (!lines) return reactor->Finish(to_status(lines.error()));
        for (std::string& line : *lines) response->add_lines(std::move(line));
        reactor->Finish(grpc::Status::OK);
      };
      coordinator_.log_requests().get(request->node(), request->step(), request->lines(),
                                      std::move(done));
    });
    return reactor;
  }

  Reactor* LeaveNode(Context* context, const v1::LeaveNodeRequest* request,
                     v1::LeaveNodeResponse* response) override {
    return on_loop_as(
        context, "LeaveNode", [this, request, response](const Caller& caller) -> Result<> {
          auto id =
              coordinator_.leave_orders().leave(request->node(), to_leave_wish(*request), caller);
          if (!id) return id.error();
          response->set_node_id(std::move(*id));
          return {};
        });
  }

  Reactor* RetryNode(Context* context, const v1::RetryNodeRequest* request,
                     v1::RetryNodeResponse* response) override {
    return on_loop_as(context, "RetryNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        auto id = coordinator_.administration().retry(request->node(), caller);
                        if (!id) return id.error();
                        response->set_node_id(std::move(*id));
                        return {};
                      });
  }

  Reactor* RejoinNode(Context* context, const v1::RejoinNodeRequest* request,
                      v1::RejoinNodeResponse* response) override {
    return on_loop_as(context, "RejoinNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        auto id = coordinator_.leave_orders().rejoin(request->node(), caller);
                        if (!id) return id.error();
                        response->set_node_id(std::move(*id));
                        return {};
                      });
  }

  Reactor* ListClaims(Context* context, const v1::ListClaimsRequest*,
                      v1::ListClaimsResponse* response) override {
    return on_loop(context, "ListClaims", [this, response]() -> Result<> {
      const Now at = now();
      const Applications& applications = coordinator_.applications();
      for (const Claim& claim : applications.waiting.of({}, at.steady))
        *response->add_claims() = to_message(claim, false, at);
      for (const Claim& claim : applications.rivals.of({}, at.steady))
        *response->add_claims() = to_message(claim, true, at);
      return {};
    });
  }

  Reactor* ApproveNode(Context* context, const v1::ApproveNodeRequest* request,
                       v1::ApproveNodeResponse* response) override {
    return on_loop_as(
        context, "ApproveNode", [this, request, response](const Caller& caller) -> Result<> {
          auto key =
              coordinator_.approvals().approve(request->node_id(), request->key_sha256(), caller);
          if (!key) return key.error();
          response->set_key_sha256(std::move(*key));
          return {};
        });
  }

  Reactor* ForgetNode(Context* context, const v1::ForgetNodeRequest* request,
                      v1::ForgetNodeResponse* response) override {
    return on_loop_as(
        context, "ForgetNode", [this, request, response](const Caller& caller) -> Result<> {
          auto forgotten =
              coordinator_.approvals().forget(request->node(), request->key_sha256(), caller);
          if (!forgotten) return forgotten.error();
          response->set_node_id(std::move(forgotten->node_id));
          response->set_key_sha256(std::move(forgotten->key_sha256));
          return {};
        });
  }

  Reactor* CreateToken(Context* context, const v1::CreateTokenRequest* request,
                       v1::CreateTokenResponse* response) override {
    return on_loop_as(context, "CreateToken",
                      [this, request, response](const Caller& caller) -> Result<> {
                        const auto wish = to_token_wish(*request, who(caller));
                        if (!wish) return wish.error();
                        auto created = coordinator_.token_orders().create(*wish, caller);
                        if (!created) return created.error();
                        *response->mutable_token() = to_message(created->record);
                        response->set_user_data(std::move(created->user_data));
                        return {};
                      });
  }

  Reactor* ListCertificates(Context* context, const v1::ListCertificatesRequest*,
                            v1::ListCertificatesResponse* response) override {
    return on_loop(context, "ListCertificates", [this, response]() -> Result<> {
      *response = coordinator_.certificates().list(coordinator_.registry());
      return {};
    });
  }

  Reactor* ListTokens(Context* context, const v1::ListTokensRequest*,
                      v1::ListTokensResponse* response) override {
    return on_loop(context, "ListTokens", [this, response]() -> Result<> {
      v1::Token& of_user_data = *response->add_tokens();
      of_user_data.set_id(Tokens::of_user_data);
      of_user_data.set_role("auto");
      for (const TokenRecord& record : coordinator_.token_orders().list())
        *response->add_tokens() = to_message(record);
      return {};
    });
  }

  Reactor* DropToken(Context* context, const v1::DropTokenRequest* request,
                     v1::DropTokenResponse*) override {
    return on_loop_as(context, "DropToken", [this, request](const Caller& caller) {
      return coordinator_.token_orders().drop(request->id(), caller);
    });
  }

  Reactor* PlanLeave(Context* context, const v1::PlanLeaveRequest* request,
                     v1::PlanLeaveResponse* response) override {
    Reactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, request, response, caller = caller_of(*context)] {
      if (auto may = coordinator_.administration().may_administer(caller, "PlanLeave"); !may)
        return reactor->Finish(to_status(may.error()));
      auto done = [reactor, response](Result<LeaveOrders::Plan> plan) {
        if (!plan) return reactor->Finish(to_status(plan.error()));
        for (std::string& change : plan->changes) response->add_changes(std::move(change));
        for (std::string& note : plan->notes) response->add_notes(std::move(note));
        reactor->Finish(grpc::Status::OK);
      };
      coordinator_.leave_orders().plan(request->node(), request->remove(), std::move(done));
    });
    return reactor;
  }

  Reactor* GetKubeconfig(Context* context, const v1::GetKubeconfigRequest* request,
                         v1::GetKubeconfigResponse* response) override {
    Reactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, request, response, caller = caller_of(*context)] {
      if (auto may = coordinator_.administration().may_administer(caller, "GetKubeconfig"); !may)
        return reactor->Finish(to_status(may.error()));
      auto done = [this, reactor, response](Result<KubeconfigOrders::Issued> issued) {
        if (!issued) return reactor->Finish(to_status(issued.error()));
        response->set_cluster_name(coordinator_.config().cluster_name());
        response->set_user(std::move(issued->user));
        response->set_api_server(std::move(issued->api_server));
        response->set_ca_certificates(std::move(issued->ca_certificates));
        response->set_certificate(std::move(issued->certificate));
        reactor->Finish(grpc::Status::OK);
      };
      coordinator_.kubeconfig_orders().issue(request->csr(),
                                             std::chrono::seconds(request->lifetime_seconds()),
                                             caller, std::move(done));
    });
    return reactor;
  }

  grpc::ServerWriteReactor<v1::WatchNodesResponse>* WatchNodes(
      Context* context, const v1::WatchNodesRequest*) override {
    const auto watch = std::make_shared<WatchReactor>(loop_, coordinator_, caller_of(*context));
    watch->begin();
    return watch.get();
  }

  any_io_executor loop_;
  Coordinator& coordinator_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_admin_service(any_io_executor loop, Coordinator& coordinator) {
  return std::make_unique<AdminService>(std::move(loop), coordinator);
}

}  // namespace kagent::coordinator
