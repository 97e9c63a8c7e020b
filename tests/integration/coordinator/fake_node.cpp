#include "tests/integration/coordinator/fake_node.hpp"

#include "agent/common/trust/enrolment_proof.hpp"
#include "agent/common/trust/envelope.hpp"
#include "kagent/v1/agent.grpc.pb.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <stdexcept>

namespace kagent::coordinator {
namespace {

constexpr std::chrono::seconds limit{10};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

std::shared_ptr<grpc::Channel> channel_to(const std::string& address, const std::string& ca_pem,
                                          const std::string& certificate, const pki::Key& key) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_pem;
  if (!certificate.empty()) {
    options.pem_cert_chain = certificate;
    options.pem_private_key = must(pki::key_to_pem(key));
  }
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(std::string(pki::coordinator_server_name));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

}  // namespace

struct FakeNode::Stream {
  std::unique_ptr<v1::Agent::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::CoordinatorMessage>> stream;
};

FakeNode::FakeNode(const RunningCoordinator& coordinator, std::string id, std::string pin)
    : coordinator_(&coordinator),
      id_(std::move(id)),
      pin_(pin.empty() ? coordinator.ca_sha256() : std::move(pin)),
      key_(must(pki::generate_key())),
      ca_pem_(coordinator.ca_pem(pin_)) {}

FakeNode::~FakeNode() {
  if (!stream_) return;
  stream_->context.TryCancel();
  stream_->stream->Finish().IgnoreError();
}

v1::EnrollRequest FakeNode::request(const std::string& token) const {
  v1::EnrollRequest request;
  request.set_token(token);
  request.set_node_id(id_);
  request.set_csr(must(pki::make_csr(key_, id_)));
  request.set_requested_role("auto");
  return request;
}

grpc::Status FakeNode::enrol(const std::string& token) {
  return send(request(token));
}

grpc::Status FakeNode::enrol(const std::string& token, const std::string& rsa2048,
                             const std::string& ca_sha256, const std::string& nonce) {
  v1::EnrollRequest with_proof = request(token);
  v1::InstanceProof& proof = *with_proof.mutable_instance();
  proof.set_nonce(nonce.empty() ? challenge().nonce() : nonce);
  proof.set_rsa2048(rsa2048);
  proof.set_signature(
      must(pki::sign_sha256(key_, enrolment_statement(ca_sha256.empty() ? pin_ : ca_sha256,
                                                      proof.nonce(), id_, rsa2048))));
  return send(with_proof);
}

v1::ChallengeResponse FakeNode::challenge() const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + limit);
  v1::ChallengeResponse response;
  const auto stub = v1::Agent::NewStub(channel_to(coordinator_->address(), ca_pem_, "", key_));
  if (!stub->Challenge(&context, {}, &response).ok()) throw std::runtime_error("no challenge");
  return response;
}

grpc::Status FakeNode::call(const std::string& method) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + limit);
  grpc::GenericStub stub(channel_to(coordinator_->address(), ca_pem_, certificate_, key_));
  grpc::CompletionQueue queue;
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(nullptr, 0), &queue);
  call->StartCall();
  call->Finish(&response, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

std::string FakeNode::key_sha256() const {
  return must(pki::spki_sha256(key_));
}

grpc::Status FakeNode::send(const v1::EnrollRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + limit);
  v1::EnrollResponse response;
  const auto stub =
      v1::Agent::NewStub(channel_to(coordinator_->address(), ca_pem_, certificate_, key_));
  grpc::Status status = stub->Enroll(&context, request, &response);
  if (status.ok()) certificate_ = response.certificate();
  return status;
}

std::string FakeNode::key_pem() const {
  return must(pki::key_to_pem(key_));
}

void FakeNode::open_silently() {
  stream_ = std::make_unique<Stream>();
  stream_->stub =
      v1::Agent::NewStub(channel_to(coordinator_->address(), ca_pem_, certificate_, key_));
  stream_->context.set_deadline(std::chrono::system_clock::now() + session_limit_);
  stream_->stream = stream_->stub->Session(&stream_->context);
}

void FakeNode::open(std::uint64_t assignment_serial) {
  open_as("auto", assignment_serial);
}

void FakeNode::open_as(const std::string& role, std::uint64_t assignment_serial) {
  open_silently();
  say_hello(role, assignment_serial);
}

void FakeNode::say_hello(const std::string& role, std::uint64_t assignment_serial) {
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol(1);
  hello.set_requested_role(role);
  hello.set_assignment_serial(assignment_serial);
  hello.mutable_report()->mutable_facts()->set_node_name(name_);
  send(std::move(message));
}

grpc::Status FakeNode::close() {
  stream_->stream->WritesDone();
  v1::CoordinatorMessage ignored;
  while (stream_->stream->Read(&ignored)) {
  }
  grpc::Status status = stream_->stream->Finish();
  stream_.reset();
  return status;
}

void FakeNode::send(v1::AgentMessage message) {
  stream_->stream->Write(message);
}

void FakeNode::say(const std::string& step, v1::StepState state) {
  v1::AgentMessage message;
  message.mutable_report()->mutable_facts()->set_node_name(name_);
  v1::StepStatus& status = *message.mutable_report()->add_steps();
  status.set_name(step);
  status.set_state(state);
  send(std::move(message));
}

void FakeNode::tell_nodes(const std::vector<std::string>& names) {
  v1::AgentMessage message;
  message.mutable_kubernetes_nodes();
  for (const std::string& name : names)
    message.mutable_kubernetes_nodes()->add_nodes()->set_name(name);
  send(std::move(message));
}

const std::string& FakeNode::kubernetes_ca() {
  static const std::string pem = [] {
    const auto key = pki::generate_key().value();
    return pki::to_pem(pki::make_ca(key, "kubernetes").value()).value();
  }();
  return pem;
}

void FakeNode::initialise_cluster() {
  say("init", v1::STEP_STATE_DONE);
  v1::AgentMessage message;
  message.mutable_cluster_ready()->set_api_server("10.0.0.1:6443");
  message.mutable_cluster_ready()->set_ca_certificates(kubernetes_ca());
  message.mutable_cluster_ready()->set_lease_fence(1);
  send(std::move(message));
  tell_nodes({name_});
}

void FakeNode::answer_mint(std::uint64_t request, const std::string& token) {
  v1::AgentMessage message;
  v1::MintReply& reply = *message.mutable_mint_reply();
  reply.set_request(request);
  reply.set_bootstrap_token(token);
  const auto expires = std::chrono::system_clock::now() + std::chrono::minutes(10);
  reply.mutable_expires_at()->set_seconds(std::chrono::system_clock::to_time_t(expires));
  send(std::move(message));
}

void FakeNode::settle() {
  v1::AgentMessage message;
  message.mutable_heartbeat()->set_sequence(1);
  send(std::move(message));
  if (!next(v1::CoordinatorMessage::kHeartbeatReply)) throw std::runtime_error("no heartbeat");
}

std::optional<v1::CoordinatorMessage> FakeNode::next(v1::CoordinatorMessage::BodyCase kind) {
  v1::CoordinatorMessage message;
  while (stream_->stream->Read(&message))
    if (message.body_case() == kind) return message;
  return std::nullopt;
}

v1::CoordinatorMessage::BodyCase FakeNode::next_kind() {
  v1::CoordinatorMessage message;
  return stream_->stream->Read(&message) ? message.body_case()
                                         : v1::CoordinatorMessage::BODY_NOT_SET;
}

std::optional<v1::EnvelopePayload> FakeNode::next_envelope() {
  const auto message = next(v1::CoordinatorMessage::kEnvelope);
  if (!message) return std::nullopt;
  const EnvelopeExpectation expected{pin_, id_, {}, last_serial_, std::chrono::system_clock::now()};
  auto payload = must(open_envelope(message->envelope().SerializeAsString(), expected));
  last_serial_ = payload.serial();
  return payload;
}

}  // namespace kagent::coordinator
