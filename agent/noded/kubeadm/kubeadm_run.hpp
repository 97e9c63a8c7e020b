#pragma once

#include "agent/noded/kubeadm/documents.hpp"
#include "agent/noded/step/step.hpp"

#include <string>
#include <vector>

// What the steps that run kubeadm have in common.
namespace kagent::noded {

// Marks that outlive a crash, in noded's own state: a run of kubeadm that was begun, and one that
// went through. The unit of the run itself makes the second one, after kubeadm.
struct Marks {
  std::string started;
  std::string done;
};
Marks marks_of(std::string_view step);

// Of the installed kubeadm. Errors: not_found (none is installed), protocol.
boost::asio::awaitable<Result<kubeadm::Version>> kubeadm_version(ContextPtr context);

// What `kubeadm config images list` names, from the ClusterConfig and without asking anybody.
boost::asio::awaitable<Result<std::vector<std::string>>> kubeadm_images(ContextPtr context);

// Writes the ClusterConfig's kubeadm patches too, for init or join to read.
Result<kubeadm::NodeRegistration> registration_of(const Context& context);

// Files that kubeadm leaves behind, done or half done; nothing else is taken for a cluster.
std::vector<std::string> kubeadm_leftovers(const Context& context);

// Phases of `kubeadm join` that need no second run on this control plane; empty: begin anew, after
// a reset. From the moment that its etcd is announced to the others it counts for their quorum: a
// reset can then take the whole cluster down, so what was begun is finished. (kubeadm announces no
// member twice, since 1.19.) `ca_pem`: the cluster to join; what is left of another one is no part
// of it.
std::vector<std::string> phases_behind(const Context& context, std::string_view ca_pem);

// The kubelet asks the cluster for a certificate with a join's token, and gets one only once: after
// a run of kubeadm, whatever came of it, the next needs another grant. So it does when the cluster
// has refused this one.
bool grant_is_spent(const Outcome& join);

// Why a client could not speak to an API server, from its lines; nothing: it could, or it is
// unknown.
std::optional<Outcome> api_trouble(const std::string& step, const std::vector<std::string>& output);

// kubeadm init or join in the step's own unit, marks around it. What a half-done run of ours left
// is reset first; what others left is never touched: cause "<step>.foreign-cluster".
class KubeadmRun {
 public:
  // `secrets`: files that hold some for kubeadm; they go when it has ended.
  KubeadmRun(std::string_view step, std::vector<std::string> secrets)
      : step_(step), secrets_(std::move(secrets)), marks_(marks_of(step)) {}

  // done, running or needed; `leaves` is a file that a finished run leaves. `resets`: what an
  // earlier run left goes first.
  boost::asio::awaitable<Result<CheckResult>> check(ContextPtr context, std::string leaves,
                                                    std::string change, bool resets);
  boost::asio::awaitable<bool> alive(ContextPtr context);
  // Waits for the end of a run that is alive.
  boost::asio::awaitable<Outcome> adopt(ContextPtr context);
  // What has been done here once is never done over a cluster that lives: success if all of it is
  // there, else why a person must decide. Nothing: the step may go on.
  [[nodiscard]] std::optional<Outcome> settled(const Context& context,
                                               const std::string& leaves) const;
  boost::asio::awaitable<Outcome> make_clean(ContextPtr context);
  boost::asio::awaitable<Outcome> run(ContextPtr context, Command::Argv argv,
                                      std::chrono::seconds limit, std::string fence);

 private:
  boost::asio::awaitable<Outcome> why(ContextPtr context, UnitRun run);
  [[nodiscard]] std::vector<std::string> in_the_way(const Context& context) const;
  void forget_secrets(const Context& context) const;

  std::string step_;
  std::vector<std::string> secrets_;
  Marks marks_;
};

}  // namespace kagent::noded
