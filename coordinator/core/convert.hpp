#pragma once

#include "coordinator/admission/claims.hpp"
#include "coordinator/admission/tokens.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/admin.pb.h"
#include "kagent/v1/agent.pb.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// Converts between wire messages and the registry's values.
namespace kagent::coordinator {

WantedRole wanted_role(std::string_view name);  // automatic if unknown
std::string_view to_string(WantedRole role);
std::string_view to_string(Role role);  // as in Assignment.role; empty for none

google::protobuf::Timestamp to_timestamp(std::chrono::system_clock::time_point at);
std::chrono::system_clock::time_point from_timestamp(const google::protobuf::Timestamp& at);

Report to_report(const v1::NodeReport& message);
std::optional<Report> parse_report(const std::string& bytes);  // nothing if empty or damaged

Hello to_hello(const v1::Hello& message);
// Errors: invalid_argument for an API server that is not HOST:PORT, or certificates that are none.
Result<ClusterReady> to_cluster_ready(const v1::ClusterReady& message);
std::map<std::string, KubernetesState> to_kubernetes(const v1::KubernetesNodes& message);
Drained to_drained(const v1::DrainReply& message);
Minted to_minted(const v1::MintReply& message);

LeaveWish to_leave_wish(const v1::LeaveNodeRequest& request);
// Errors: invalid_argument: unknown role.
Result<Tokens::Wish> to_token_wish(const v1::CreateTokenRequest& request, std::string created_by);

v1::Node to_message(const Registry& registry, const Node& node);
v1::Token to_message(const TokenRecord& record);
// `rival`: the node id is bound to another key.
v1::Claim to_message(const Claim& claim, bool rival, Now now);

}  // namespace kagent::coordinator
