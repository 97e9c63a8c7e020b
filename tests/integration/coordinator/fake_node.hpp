#pragma once

#include "agent/common/trust/pki.hpp"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/envelope.pb.h"
#include "tests/integration/coordinator/running_coordinator.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace grpc {
class Status;
}

namespace kagent::coordinator {

// A node as the coordinator sees one: enrols, opens a session, says what it is told to say. Every
// wait ends after ten seconds.
class FakeNode {
 public:
  // `pin`: as in RunningCoordinator::ca_pem.
  FakeNode(const RunningCoordinator& coordinator, std::string id, std::string pin = "");
  ~FakeNode();
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  // With the client certificate, if it has one: a renewal.
  grpc::Status enrol(const std::string& token);
  // The same with EC2's word, `rsa2048`; signed for the CA `ca_sha256`, which is the coordinator's
  // when empty, over the nonce, which is a new one when empty.
  grpc::Status enrol(const std::string& token, const std::string& rsa2048,
                     const std::string& ca_sha256 = "", const std::string& nonce = "");
  [[nodiscard]] v1::ChallengeResponse challenge() const;
  // Any call, "/service/method", with an empty request and the client certificate, if it has one.
  grpc::Status call(const std::string& method) const;
  [[nodiscard]] std::string key_sha256() const;
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  // Another coordinator of the same cluster.
  void go_to(const RunningCoordinator& coordinator) { coordinator_ = &coordinator; }
  // `pin`: of new user-data.
  void follow_ca(const std::string& pin = "") {
    ca_pem_ = coordinator_->ca_pem(pin.empty() ? pin_ : pin);
  }
  void use_certificate(std::string pem) { certificate_ = std::move(pem); }
  [[nodiscard]] std::string key_pem() const;

  void set_session_limit(std::chrono::seconds limit) { session_limit_ = limit; }

  // Opens the session and says Hello, as a node that holds the Assignment of that serial.
  void open(std::uint64_t assignment_serial = 0);
  void open_as(const std::string& role, std::uint64_t assignment_serial = 0);
  // Without Hello.
  void open_silently();
  void say_hello(const std::string& role = "auto", std::uint64_t assignment_serial = 0);
  grpc::Status close();  // half-closes, reads to the end

  void send(v1::AgentMessage message);
  void say(const std::string& step, v1::StepState state);
  // What it calls itself from then on, instead of its id.
  void rename(std::string name) { name_ = std::move(name); }
  // As a control plane: all Nodes that Kubernetes has.
  void tell_nodes(const std::vector<std::string>& names);
  // The CA of Kubernetes, in PEM, that initialise_cluster() reports.
  static const std::string& kubernetes_ca();
  // As a node that has been made the first control plane.
  void initialise_cluster();
  void answer_mint(std::uint64_t request, const std::string& token);
  // Comes back when all that was sent before has been taken.
  void settle();

  // The next message of that kind; others are skipped. Nothing: the stream has ended.
  std::optional<v1::CoordinatorMessage> next(v1::CoordinatorMessage::BodyCase kind);
  // Of the very next message; nothing is skipped.
  v1::CoordinatorMessage::BodyCase next_kind();
  // The next envelope, verified as kagent-noded does it.
  std::optional<v1::EnvelopePayload> next_envelope();

 private:
  struct Stream;
  [[nodiscard]] v1::EnrollRequest request(const std::string& token) const;
  grpc::Status send(const v1::EnrollRequest& request);
  const RunningCoordinator* coordinator_;
  std::string id_;
  std::string name_ = id_;
  std::string pin_;
  pki::Key key_;
  std::string ca_pem_;
  std::string certificate_;
  std::uint64_t last_serial_ = 0;
  std::chrono::seconds session_limit_{10};
  std::unique_ptr<Stream> stream_;
};

}  // namespace kagent::coordinator
