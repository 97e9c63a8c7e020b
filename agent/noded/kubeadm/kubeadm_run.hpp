#pragma once

#include "agent/noded/kubeadm/documents.hpp"
#include "agent/noded/kubeadm/kubeadm_files.hpp"
#include "agent/noded/kubeadm/kubeadm_program.hpp"
#include "agent/noded/step/step.hpp"

#include <string>
#include <vector>

// What the steps that run kubeadm share.
namespace kagent::noded {

// Whether the next try needs another grant. kubelet uses the grant's token to request a certificate
// and gets one only once, so every run of kubeadm spends the grant. A refusal by the cluster does
// so too.
bool grant_is_spent(const Outcome& join);

// Why a client could not speak to an API server, from its lines; nothing: it could, or it is
// unknown.
std::optional<Failure> api_trouble(std::string_view step, const std::vector<std::string>& output);

// Runs kubeadm init or join in the step's own unit and keeps the marks. An incomplete run of ours
// is reset first. Files of a foreign cluster are never touched: cause "<step>.foreign-cluster".
class KubeadmRun {
 public:
  // `secrets`: files with secrets for kubeadm, removed when kubeadm has ended.
  KubeadmRun(std::string_view step, std::vector<std::string> secrets)
      : step_(step), secrets_(std::move(secrets)), marks_(marks_of(step)) {}

  // Finds done, running or needed. `leaves` is a file that a complete run leaves. `resets`: what an
  // earlier run left is removed first.
  boost::asio::awaitable<Result<CheckResult>> check(ContextPtr context, std::string leaves,
                                                    std::string change, bool resets);
  boost::asio::awaitable<bool> alive(ContextPtr context);
  // Waits for the end of a run that is alive.
  boost::asio::awaitable<Outcome> adopt(ContextPtr context);
  // Keeps a step from running again over a live cluster. After an earlier success, returns success
  // if its results still exist, else the reason why a person must decide. Nothing if the step may
  // run.
  [[nodiscard]] std::optional<Outcome> settled(const Context& context,
                                               const std::string& leaves) const;
  boost::asio::awaitable<Outcome> make_clean(ContextPtr context);
  boost::asio::awaitable<Outcome> run(ContextPtr context, Command::Argv argv,
                                      std::chrono::seconds limit, std::string fence);

 private:
  [[nodiscard]] std::optional<Failure> said_by_kubeadm(
      const std::vector<std::string>& output) const;
  boost::asio::awaitable<Outcome> why(ContextPtr context, UnitRun run);
  [[nodiscard]] std::vector<std::string> in_the_way(const Context& context) const;
  void forget_secrets(const Context& context) const;

  std::string step_;
  std::vector<std::string> secrets_;
  Marks marks_;
};

}  // namespace kagent::noded
