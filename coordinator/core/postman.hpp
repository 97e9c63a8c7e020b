#pragma once

#include "coordinator/core/audit.hpp"
#include "coordinator/core/conflicts.hpp"
#include "coordinator/core/envelopes.hpp"
#include "coordinator/core/group_commit.hpp"
#include "coordinator/core/sessions.hpp"
#include "coordinator/core/watchers.hpp"
#include "coordinator/registry/actions.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/config.pb.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace kagent::coordinator {

// Carries out what the registry has decided: first the writes, then the messages to nodes.
class Postman {
 public:
  // `config` is what assignments carry.
  Postman(Registry& registry, GroupCommit& commit, Sessions& sessions, Conflicts& conflicts,
          const Watchers& watchers, const Envelopes& envelopes, Audit& audit,
          const v1::ClusterConfig& config)
      : registry_(registry),
        commit_(commit),
        sessions_(sessions),
        conflicts_(conflicts),
        watchers_(watchers),
        envelopes_(envelopes),
        audit_(audit),
        config_(config) {}
  Postman(const Postman&) = delete;
  Postman& operator=(const Postman&) = delete;

  // Call it after every change of the registry.
  void act();
  // Logs an error of the signer.
  void send_envelope(const std::string& node, std::uint64_t serial, v1::EnvelopePayload payload,
                     std::chrono::system_clock::time_point expires_at);

  [[nodiscard]] std::uint64_t grants_sent() const { return grants_sent_; }
  [[nodiscard]] std::uint64_t mints_requested() const { return mints_requested_; }

 private:
  // False, with an error logged, if the signer fails.
  bool seal(v1::SignedEnvelope& into, const std::string& node, std::uint64_t serial,
            v1::EnvelopePayload payload, std::chrono::system_clock::time_point expires_at) const;
  void deliver(SendAssignment& assignment);
  void deliver(SendReset& reset);
  void deliver(SendGrant& grant);
  void deliver(RequestMint& mint);
  void deliver(RevokeToken& revoke);
  void deliver(RequestDrain& drain);
  void deliver(RequestUnregister& unregister);
  void deliver(ControlPlaneMade& made);
  void deliver(Disconnect& disconnect);
  void deliver(Changed& changed);

  Registry& registry_;
  GroupCommit& commit_;
  Sessions& sessions_;
  Conflicts& conflicts_;
  const Watchers& watchers_;
  const Envelopes& envelopes_;
  Audit& audit_;
  const v1::ClusterConfig& config_;
  std::uint64_t grants_sent_ = 0, mints_requested_ = 0;
};

}  // namespace kagent::coordinator
