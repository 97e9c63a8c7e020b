#include "coordinator/admission/policy.hpp"

#include <algorithm>

namespace kagent::attest {
namespace {

// Tolerated difference between AWS's clock and ours.
constexpr std::chrono::minutes clock_tolerance{5};

bool allows(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

}  // namespace

Result<> allow(const Ec2Policy& policy, const IdentityDocument& document, const Claim& claim) {
  const auto no = [](const std::string& why) {
    return Error(Errc::permission_denied, "instance identity: " + why);
  };
  if (document.instance_id != claim.node_id)
    return no("it is of " + document.instance_id + ", not of " + claim.node_id);
  if (policy.accounts.empty() || !allows(policy.accounts, document.account_id))
    return no("account " + document.account_id + " is not among enrolment.ec2.accounts");
  if (!allows(policy.regions, document.region))
    return no("region " + document.region + " is not among enrolment.ec2.regions");
  if (!allows(policy.images, document.image_id))
    return no("image " + document.image_id + " is not among enrolment.ec2.images");
  if (!allows(policy.instance_types, document.instance_type))
    return no("type " + document.instance_type + " is not among enrolment.ec2.instanceTypes");
  if (policy.source_address && document.private_ip != claim.address)
    return no("it is of an instance at " + document.private_ip + ", but came from " +
              claim.address + " (enrolment.ec2.anyAddress allows that)");
  if (document.pending_time > claim.now + clock_tolerance)
    return no("its pendingTime is in the future; is the coordinator's clock right?");
  if (claim.now - document.pending_time > policy.max_age)
    return no("the instance was launched too long ago to enrol for the first time: more than " +
              std::to_string(policy.max_age.count()) + " s (enrolment.ec2.maxAgeSeconds)");
  return {};
}

}  // namespace kagent::attest
