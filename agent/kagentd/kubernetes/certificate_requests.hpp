#pragma once

#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/kubernetes/follow.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// A node's first client certificate (kubernetes.io/kube-apiserver-client-kubelet). A kubelet
// requests it with a bootstrap token of kagent's. kagentd approves the request only for the node
// that the token was made for (T9), and one request per token (T10): a kubelet that tries again
// repeats its request, since it has kept its key, and another join gets another token. A renewal is
// requested with the certificate itself, and kube-controller-manager approves it.
namespace kagent::kubernetes {

// Groups of a bootstrap token. The API server puts them into every request of the token's holder.
inline constexpr char bootstrap_group[] = "system:bootstrappers:kagent";
inline constexpr char control_plane_group[] = "system:bootstrappers:kagent:control-plane";
std::string group_of_node(std::string_view node_name);

struct Verdict {
  std::string request;           // the CertificateSigningRequest's name
  std::string resource_version;  // that was judged
  std::string token;             // of the requester: the API server's user name for its holder
  std::string node;              // that the certificate would be for
  std::string refusal;           // empty: to be approved
};

// Judges one CertificateSigningRequest by itself. Nothing: it is decided already, or was not made
// with a token of kagent's. Pure. Errors: protocol.
Result<std::optional<Verdict>> judge(std::string_view json);

// Collects the verdicts that are still to be carried out.
class CertificateRequests final : public Followed {
 public:
  Result<> list(std::string_view json) override;
  Result<> event(std::string_view json) override;
  [[nodiscard]] const std::string& resource_version() const override { return resource_version_; }

  std::vector<Verdict> take() { return std::exchange(verdicts_, {}); }

 private:
  Result<> look(const std::string& json);
  void forget(const std::string& request);

  std::string resource_version_;
  std::vector<Verdict> verdicts_;
  std::set<std::string> refused_;             // already in a verdict
  std::map<std::string, std::string> spent_;  // by token: the request that was approved for it
};

// Runs until cancelled. `judged` gets each verdict after it is carried out. A refused request stays
// pending, so that an operator sees it.
boost::asio::awaitable<void> approve_nodes(std::shared_ptr<Client> client, Tasks& tasks,
                                           std::function<void(Verdict)> judged);

}  // namespace kagent::kubernetes
