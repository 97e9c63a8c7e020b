#pragma once

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

// A node's first client certificate (kubernetes.io/kube-apiserver-client-kubelet). Who holds a
// bootstrap token of kagent's may ask for one; it is approved for the node that the token was made
// for and for no other (T9), and once a token (T10): a kubelet that tries again asks with the key
// that it has kept, which is the same request, and another join gets another token. Renewals are
// asked for with the certificate itself, and are kube-controller-manager's.
namespace kagent::kubernetes {

// Groups of a bootstrap token, as the API server puts them into whatever its holder asks for.
inline constexpr char bootstrap_group[] = "system:bootstrappers:kagent";
inline constexpr char control_plane_group[] = "system:bootstrappers:kagent:control-plane";
std::string group_of_node(std::string_view node_name);

struct Verdict {
  std::string request;           // the CertificateSigningRequest's name
  std::string resource_version;  // that was judged
  std::string token;             // whose holder asks, as the API server calls him
  std::string node;              // whose certificate it would be
  std::string refusal;           // empty: to be approved
};

// Of one CertificateSigningRequest, by itself. Nothing: it is decided already, or not asked for
// with a token of ours. Pure. Errors: protocol.
Result<std::optional<Verdict>> judge(std::string_view json);

// The verdicts that are still to be carried out.
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
  std::set<std::string> refused_;             // told once
  std::map<std::string, std::string> spent_;  // by token: the request that it is approved for
};

// For as long as the io_context runs. `judged` gets every verdict, once it is carried out; a
// refused request is left pending, for an operator to see.
boost::asio::awaitable<void> approve_nodes(std::shared_ptr<Client> client,
                                           std::function<void(Verdict)> judged);

}  // namespace kagent::kubernetes
