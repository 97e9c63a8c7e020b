#include "agent/common/config/cluster_config.hpp"

#include "agent/common/config/rules.hpp"
#include "agent/common/config/yaml.hpp"
#include "agent/common/plan/plan.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>

namespace kagent::config {
namespace {

class Validation {
 public:
  Validation(v1::ClusterConfig& config, const Places& places, Problems& problems)
      : config_(config), places_(places), problems_(problems) {}

  void fill_in() {
    const auto given = [](std::string* field, const char* value) {
      if (field->empty()) *field = value;
    };
    given(config_.mutable_cluster_name(), "kubernetes");
    given(config_.mutable_pod_cidr(), "10.244.0.0/16");
    given(config_.mutable_service_cidr(), "10.96.0.0/12");
    given(config_.mutable_dns_domain(), "cluster.local");
    given(config_.mutable_runtime(), "containerd");
    given(config_.mutable_packages()->mutable_mode(), "preinstalled");
    given(config_.mutable_enrolment()->mutable_attestation(), "none");
    if (config_.enrolment().max_nodes() == 0) config_.mutable_enrolment()->set_max_nodes(5000);
    auto& ec2 = *config_.mutable_enrolment()->mutable_ec2();
    given(ec2.mutable_certificates(), "/etc/kagent/ec2-certificates");
    if (ec2.max_age_seconds() == 0) ec2.set_max_age_seconds(3600);
    if (config_.control_planes() == 0) config_.set_control_planes(1);
    if (config_.control_planes() > 1 && config_.control_plane_endpoint().empty() &&
        config_.local_balancer_port() == 0)
      config_.set_local_balancer_port(8443);
    auto& watch = *config_.mutable_watch();
    if (watch.every_seconds() == 0) watch.set_every_seconds(300);
    auto& timeouts = *config_.mutable_timeouts();
    if (timeouts.init_seconds() == 0) timeouts.set_init_seconds(600);
    if (timeouts.join_seconds() == 0) timeouts.set_join_seconds(300);
    if (timeouts.ready_seconds() == 0) timeouts.set_ready_seconds(600);
  }

  void run() {
    scalars();
    networks();
    packages();
    mirrors();
    enrolment();
    watch();
    lists();
    maps();
    documents();
  }

 private:
  void complain(const std::string& field, const Complaint& complaint) {
    if (!complaint) return;
    const auto place = places_.find(field);
    problems_.add(place == places_.end() ? Place{} : place->second, field, *complaint);
  }

  void scalars() {
    complain("clusterName", check_dns_name(config_.cluster_name()));
    complain("dnsDomain", check_dns_name(config_.dns_domain()));
    if (!config_.kubernetes_version().empty())
      complain("kubernetesVersion", check_kubernetes_version(config_.kubernetes_version()));
    if (!config_.control_plane_endpoint().empty())
      complain("controlPlaneEndpoint", check_endpoint(config_.control_plane_endpoint()));
    const auto count = config_.control_planes();
    if (count != 1 && count != 3 && count != 5)
      complain("controlPlanes", "expected 1, 3 or 5: etcd needs an odd number");
    if (const auto port = config_.local_balancer_port(); port != 0) local_balancer(port);
    if (config_.runtime() != "containerd" && config_.runtime() != "docker")
      complain("runtime", "expected containerd or docker");
    const auto& access = config_.metadata_access();
    if (!access.empty() && access != "everybody" && access != "host" && access != "kagent")
      complain("metadataAccess", "expected everybody, host or kagent");
    const auto& directory = config_.images().directory();
    if (!directory.empty() && !directory.starts_with('/'))
      complain("images.directory", "expected an absolute path on the node");
  }

  void local_balancer(std::uint32_t port) {
    if (!config_.control_plane_endpoint().empty())
      complain("localBalancerPort", "is for clusters without controlPlaneEndpoint");
    if (port < 1024 || port > 65535 || port == 6443 || (port >= 10248 && port <= 10260))
      complain("localBalancerPort", "expected 1024 to 65535, and none of Kubernetes' own ports");
  }

  void networks() {
    const auto pods = check_cidrs(config_.pod_cidr());
    const auto services = check_cidrs(config_.service_cidr());
    complain("podCIDR", pods);
    complain("serviceCIDR", services);
    if (!pods && !services && cidrs_overlap(config_.pod_cidr(), config_.service_cidr()))
      complain("podCIDR", "overlaps serviceCIDR " + config_.service_cidr());
  }

  void packages() {
    const auto& packages = config_.packages();
    const bool install = packages.mode() == "install";
    if (!install && packages.mode() != "preinstalled")
      complain("packages.mode", "expected preinstalled or install");
    if (install && config_.kubernetes_version().empty())
      complain("packages.mode", "install needs kubernetesVersion");
    if (const auto minor = minor_of(config_.kubernetes_version());
        install && packages.repository().empty() && minor && *minor < 24)
      complain("packages.repository", "is needed: pkgs.k8s.io has Kubernetes from 1.24 on only");
    const auto optional = [&](const char* field, const std::string& value, auto check) {
      if (!value.empty()) complain(field, check(value));
    };
    optional("packages.repository", packages.repository(), check_repository);
    optional("packages.key", packages.key(), check_key);
    optional("packages.runtimePackage", packages.runtime_package(), check_package);
    if (packages.repository().starts_with("http://") && packages.key().empty() &&
        !packages.allow_unsigned())
      complain("packages.key",
               "is needed with an http:// repository, whose own key anybody between "
               "could exchange");
    if (packages.allow_unsigned() && packages.repository().empty())
      complain("packages.allowUnsigned", "is only for a repository of your own");
    if (packages.allow_unsigned() && !packages.key().empty())
      complain("packages.key", "is not looked at with allowUnsigned: leave out one of them");
  }

  void watch() {
    for (const auto& [step, drift] : config_.watch().steps()) {
      if (std::ranges::find(plan::all_steps(), step, &plan::Step::name) == plan::all_steps().end())
        complain("watch.steps", "there is no step \"" + step + "\"; kagentctl plan names them");
      if (!plan::parse_drift(drift))
        complain("watch.steps." + step, "expected repair, report or ignore");
    }
    if (const auto every = config_.watch().every_seconds(); every < 10 || every > 86400)
      complain("watch.everySeconds", "expected 10 to 86400");
  }

  void enrolment() {
    const auto& enrolment = config_.enrolment();
    const auto& ec2 = enrolment.ec2();
    const bool by_token = enrolment.attestation() == "none";
    if (!by_token && enrolment.attestation() != "ec2" && enrolment.attestation() != "approve")
      complain("enrolment.attestation", "expected none, ec2 or approve");
    if (by_token && enrolment.without_token())
      complain("enrolment.withoutToken",
               "would let anybody in: it needs attestation ec2 or approve");
    if (enrolment.attestation() == "ec2" && ec2.accounts().empty())
      complain("enrolment.ec2.accounts",
               "expected your account ids: without them every EC2 tenant would be let in");
    each("enrolment.ec2.accounts", ec2.accounts(), check_aws_account);
    if (!ec2.certificates().starts_with('/'))
      complain("enrolment.ec2.certificates", "expected an absolute path on the coordinator");
  }

  void mirrors() {
    const bool docker = config_.runtime() == "docker";
    for (const auto& [registry, mirrors] : config_.registry_mirrors()) {
      const std::string field = "registryMirrors." + registry;
      if (registry != "*") complain(field, check_endpoint(registry));
      if (docker && registry != "docker.io")
        complain(field, "dockerd has mirrors of docker.io only");
      if (mirrors.endpoints().empty()) complain(field, "expected endpoints");
      each(field + ".endpoints", mirrors.endpoints(), check_mirror);
    }
    const auto& daemon = config_.docker().daemon();
    if (!daemon.empty()) complain("docker.daemon", check_json_object(daemon));
  }

  using Strings = google::protobuf::RepeatedPtrField<std::string>;
  void each(const std::string& field, const Strings& values,
            const std::function<Complaint(const std::string&)>& check) {
    for (int i = 0; i < values.size(); ++i)
      complain(field + "[" + std::to_string(i) + "]", check(values[i]));
  }

  void lists() {
    const auto not_empty = [](const std::string& value) -> Complaint {
      if (value.empty() || value.find_first_of(" ,") != std::string::npos)
        return "expected one name, such as NumCPU";
      return std::nullopt;
    };
    each("ignorePreflightErrors", config_.ignore_preflight_errors(), not_empty);
    each("kubeadm.skipPhases", config_.kubeadm().skip_phases(), not_empty);
    each("cni.manifests", config_.cni().manifests(), check_manifest);
    each("kubeconfigUsers", config_.kubeconfig_users(), check_user_name);
    each("certSANs", config_.cert_sans(), [](const std::string& name) -> Complaint {
      if (check_ip(name) && check_dns_name(name)) return "expected a DNS name or an address";
      return std::nullopt;
    });
  }

  void maps() {
    for (const auto& [name, text] : config_.containerd().drop_ins())
      complain("containerd.dropIns." + name, check_drop_in_name(name));
    for (const auto& [name, text] : config_.kubeadm().patches())
      complain("kubeadm.patches." + name, check_patch_name(name));
    for (const auto& [flag, value] : config_.kubelet_extra_args())
      complain("kubeletExtraArgs." + flag, check_flag(flag, value));
  }

  void documents() {
    const std::string field = "kubeadm.documents";
    if (const auto wrong = check_documents(config_.kubeadm().documents()))
      return complain(field, wrong);
    try {
      for (const YAML::Node& document : YAML::LoadAll(config_.kubeadm().documents())) {
        if (document.IsNull()) continue;
        if (!document.IsMap() || !document["apiVersion"] || !document["kind"])
          complain(field, "every document in it needs apiVersion and kind");
      }
    } catch (const YAML::Exception& wrong) {
      complain(field, "line " + std::to_string(wrong.mark.line + 1) + " of it: " + wrong.msg);
    }
  }

  v1::ClusterConfig& config_;
  const Places& places_;
  Problems& problems_;
};

void check_kind(const v1::ClusterConfig& config, Places& places, Problems& problems) {
  if (config.api_version() != "kagent.io/v1")
    problems.add(places["apiVersion"], "apiVersion", "expected kagent.io/v1");
  if (config.kind() != "ClusterConfig")
    problems.add(places["kind"], "kind", "expected ClusterConfig");
}

}  // namespace

Result<v1::ClusterConfig> parse_cluster_config(std::string_view yaml, std::string_view source) {
  v1::ClusterConfig config;
  Places places;
  Problems problems(source);
  const bool empty = yaml.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (empty) {
    config.set_api_version("kagent.io/v1");
    config.set_kind("ClusterConfig");
  }
  if (empty || read_yaml(yaml, config, places, problems)) {
    check_kind(config, places, problems);
    Validation validation(config, places, problems);
    validation.fill_in();
    validation.run();
  }
  if (!problems.empty()) return problems.error();
  return config;
}

}  // namespace kagent::config
