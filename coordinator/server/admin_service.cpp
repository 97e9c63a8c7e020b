#include "agent/common/base/log.hpp"
#include "agent/common/trust/pki.hpp"
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

template <class Response>
Result<> assign(Response& response, Result<Response> answer) {
  if (!answer) return answer.error();
  response = std::move(*answer);
  return {};
}

// Sends each changed node once it can be written: a slow reader sees the latest, never a backlog.
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
    boost::asio::post(loop_, [self = std::move(self_)] { self->coordinator_.unwatch(self.get()); });
  }

  void start() {
    if (auto may = coordinator_.may_administer(caller_, "WatchNodes"); !may)
      return finish(to_status(may.error()));
    for (const auto& node : coordinator_.registry().nodes()) {
      queued_.insert(node->record.id);
      pending_.push_back(node->record.id);
    }
    coordinator_.watch(shared_from_this());
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
        *outgoing_.mutable_updated() = coordinator_.describe(*node);
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
    boost::asio::post(loop_,
                      [this, what, reactor, work = std::move(work), caller = caller_of(*context)] {
                        if (auto may = coordinator_.may_administer(caller, what); !may)
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

  // For what takes a while: finishes the call with the answer.
  template <class Response>
  static auto answer_to(Reactor* reactor, Response* response) {
    return [reactor, response](Result<Response> answer) {
      if (!answer) return reactor->Finish(to_status(answer.error()));
      response->Swap(&*answer);
      reactor->Finish(grpc::Status::OK);
    };
  }

  Reactor* ListNodes(Context* context, const v1::ListNodesRequest*,
                     v1::ListNodesResponse* response) override {
    return on_loop(context, "ListNodes", [this, response]() -> Result<> {
      *response = coordinator_.list_nodes();
      return {};
    });
  }

  Reactor* GetNode(Context* context, const v1::GetNodeRequest* request,
                   v1::Node* response) override {
    return on_loop(context, "GetNode", [this, request, response]() -> Result<> {
      const auto node = coordinator_.resolve(request->node());
      if (!node) return node.error();
      *response = coordinator_.describe(**node);
      return {};
    });
  }

  Reactor* GetUserData(Context* context, const v1::GetUserDataRequest* request,
                       v1::GetUserDataResponse* response) override {
    return on_loop_as(context, "GetUserData",
                      [this, request, response](const Caller& caller) -> Result<> {
                        auto line = coordinator_.hand_out_user_data(request->with_token(), caller);
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
      if (auto may = coordinator_.may_administer(caller, "GetLogs"); !may)
        return reactor->Finish(to_status(may.error()));
      coordinator_.get_logs(*request, answer_to(reactor, response));
    });
    return reactor;
  }

  Reactor* LeaveNode(Context* context, const v1::LeaveNodeRequest* request,
                     v1::LeaveNodeResponse* response) override {
    return on_loop_as(context, "LeaveNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.leave_node(*request, caller));
                      });
  }

  Reactor* RetryNode(Context* context, const v1::RetryNodeRequest* request,
                     v1::RetryNodeResponse* response) override {
    return on_loop_as(context, "RetryNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.retry_node(*request, caller));
                      });
  }

  Reactor* RejoinNode(Context* context, const v1::RejoinNodeRequest* request,
                      v1::RejoinNodeResponse* response) override {
    return on_loop_as(context, "RejoinNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.rejoin_node(*request, caller));
                      });
  }

  Reactor* ListClaims(Context* context, const v1::ListClaimsRequest*,
                      v1::ListClaimsResponse* response) override {
    return on_loop(context, "ListClaims", [this, response]() -> Result<> {
      *response = coordinator_.list_claims();
      return {};
    });
  }

  Reactor* ApproveNode(Context* context, const v1::ApproveNodeRequest* request,
                       v1::ApproveNodeResponse* response) override {
    return on_loop_as(context, "ApproveNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.approve_node(*request, caller));
                      });
  }

  Reactor* ForgetNode(Context* context, const v1::ForgetNodeRequest* request,
                      v1::ForgetNodeResponse* response) override {
    return on_loop_as(context, "ForgetNode",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.forget_node(*request, caller));
                      });
  }

  Reactor* CreateToken(Context* context, const v1::CreateTokenRequest* request,
                       v1::CreateTokenResponse* response) override {
    return on_loop_as(context, "CreateToken",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.create_token(*request, caller));
                      });
  }

  Reactor* ListCertificates(Context* context, const v1::ListCertificatesRequest*,
                            v1::ListCertificatesResponse* response) override {
    return on_loop(context, "ListCertificates", [this, response]() -> Result<> {
      *response = coordinator_.list_certificates();
      return {};
    });
  }

  Reactor* ListTokens(Context* context, const v1::ListTokensRequest*,
                      v1::ListTokensResponse* response) override {
    return on_loop(context, "ListTokens", [this, response]() -> Result<> {
      *response = coordinator_.list_tokens();
      return {};
    });
  }

  Reactor* DropToken(Context* context, const v1::DropTokenRequest* request,
                     v1::DropTokenResponse* response) override {
    return on_loop_as(context, "DropToken",
                      [this, request, response](const Caller& caller) -> Result<> {
                        return assign(*response, coordinator_.drop_token(*request, caller));
                      });
  }

  Reactor* PlanLeave(Context* context, const v1::PlanLeaveRequest* request,
                     v1::PlanLeaveResponse* response) override {
    Reactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, request, response, caller = caller_of(*context)] {
      if (auto may = coordinator_.may_administer(caller, "PlanLeave"); !may)
        return reactor->Finish(to_status(may.error()));
      coordinator_.plan_leave(*request, answer_to(reactor, response));
    });
    return reactor;
  }

  Reactor* GetKubeconfig(Context* context, const v1::GetKubeconfigRequest* request,
                         v1::GetKubeconfigResponse* response) override {
    Reactor* reactor = context->DefaultReactor();
    boost::asio::post(loop_, [this, reactor, request, response, caller = caller_of(*context)] {
      if (auto may = coordinator_.may_administer(caller, "GetKubeconfig"); !may)
        return reactor->Finish(to_status(may.error()));
      coordinator_.get_kubeconfig(*request, caller, answer_to(reactor, response));
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
