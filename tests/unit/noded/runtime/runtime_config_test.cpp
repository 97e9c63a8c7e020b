#include "agent/noded/runtime/containerd_config.hpp"
#include "agent/noded/runtime/docker_config.hpp"

#include <toml++/toml.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

using Catch::Matchers::ContainsSubstring;
using namespace kagent::noded;
using nlohmann::json;

namespace {

constexpr char cri_2[] = "io.containerd.grpc.v1.cri";
constexpr char runtime_3[] = "io.containerd.cri.v1.runtime";
constexpr char images_3[] = "io.containerd.cri.v1.images";

ContainerdWant want() {
  ContainerdWant want;
  want.sandbox_image = "registry.k8s.io/pause:3.10";
  return want;
}

toml::table rendered(std::string_view original, const ContainerdWant& want) {
  const auto text = containerd_config(original, want);
  INFO((text ? std::string() : text.error().message()));
  REQUIRE(text);
  return toml::parse(*text);
}

std::string error_of(std::string_view original, const ContainerdWant& want) {
  const auto text = containerd_config(original, want);
  REQUIRE(!text);
  return text.error().message();
}

std::string docker(std::string_view now, const DockerWant& want = {}) {
  const auto text = docker_config(now, want);
  REQUIRE(text);
  return *text;
}

}  // namespace

TEST_CASE("containerd: without a file, the configuration is version 2 for 1.x and 3 for 2.x") {
  const auto two = rendered("", want());
  CHECK(two["version"].value_or(0) == 2);
  const auto& cri = two["plugins"][cri_2];
  CHECK(cri["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"].value_or(false));
  CHECK(cri["sandbox_image"].value_or("") == std::string("registry.k8s.io/pause:3.10"));

  ContainerdWant newer = want();
  newer.version_3 = true;
  const auto three = rendered("", newer);
  CHECK(three["version"].value_or(0) == 3);
  CHECK(three["plugins"][runtime_3]["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"]
            .value_or(false));
  CHECK(three["plugins"][images_3]["pinned_images"]["sandbox"].value_or("") ==
        std::string("registry.k8s.io/pause:3.10"));
  CHECK_FALSE(three["plugins"][cri_2]);
}

TEST_CASE("containerd: an operator's settings are kept, and CRI is enabled") {
  // The file of package containerd.io, and one more setting.
  const auto config = rendered(
      "disabled_plugins = [\"cri\", \"io.containerd.internal.v1.opt\"]\n"
      "root = \"/data/containerd\"\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n"
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.gvisor]\n"
      "runtime_type = \"io.containerd.runsc.v1\"\n",
      want());
  CHECK(config["root"].value_or("") == std::string("/data/containerd"));
  CHECK(config["disabled_plugins"].as_array()->size() == 1);
  CHECK(config["imports"].as_array()->size() == 1);
  const auto& runtimes = config["plugins"][cri_2]["containerd"]["runtimes"];
  CHECK(runtimes["gvisor"]["runtime_type"].value_or("") == std::string("io.containerd.runsc.v1"));
  CHECK(runtimes["runc"]["options"]["SystemdCgroup"].value_or(false));
}

TEST_CASE("containerd: Debian's folder of CNI plugins is replaced by the common one") {
  // /etc/containerd/config.toml of Debian 12's containerd 1.6.20.
  constexpr char debian[] =
      "version = 2\n\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n"
      "    [plugins.\"io.containerd.grpc.v1.cri\".cni]\n      bin_dir = \"/usr/lib/cni\"\n"
      "      conf_dir = \"/etc/cni/net.d\"\n"
      "  [plugins.\"io.containerd.internal.v1.opt\"]\n    path = \"/var/lib/containerd/opt\"\n";
  ContainerdWant debians = want();
  const auto config = rendered(debian, debians);
  CHECK_FALSE(
      config["plugins"][cri_2]["cni"]["bin_dir"]);  // then containerd's default: /opt/cni/bin
  CHECK(config["plugins"]["io.containerd.internal.v1.opt"]["path"].value_or("") ==
        std::string("/var/lib/containerd/opt"));
  debians.drop_ins["cni.toml"] =
      "[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/usr/lib/cni\"\n";
  CHECK(rendered(debian, debians)["plugins"][cri_2]["cni"]["bin_dir"].value_or("") ==
        std::string("/usr/lib/cni"));

  ContainerdWant newer = want();
  newer.version_3 = true;
  const auto three = rendered(
      "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".cni]\nbin_dirs = "
      "[\"/usr/lib/cni\"]\n",
      newer);
  CHECK_FALSE(three["plugins"][runtime_3]["cni"]["bin_dirs"]);
}

TEST_CASE("containerd: CRI is enabled in the file of Docker's package, for 1.x and 2.x") {
  constexpr char dockers[] = "disabled_plugins = [\"cri\"]\n";
  CHECK(rendered(dockers, want())["disabled_plugins"].as_array()->empty());
  ContainerdWant newer = want();
  newer.version_3 = true;
  CHECK(rendered(dockers, newer)["disabled_plugins"].as_array()->empty());
  CHECK(rendered("version = 3\ndisabled_plugins = [\"io.containerd.cri.v1.runtime\", "
                 "\"io.containerd.cri.v1.images\", \"io.containerd.grpc.v1.cri\"]\n",
                 newer)["disabled_plugins"]
            .as_array()
            ->empty());
}

TEST_CASE("containerd: a version that 1.x cannot read is refused before it is written") {
  ContainerdWant old = want();
  CHECK_THAT(error_of("version = 3\n", old),
             ContainsSubstring("/etc/containerd/config.toml is of version 3") &&
                 ContainsSubstring("containerd 1.x"));
  old.drop_ins["a.toml"] = "version = 3\n";
  CHECK_THAT(error_of("", old), ContainsSubstring("containerd.dropIns[a.toml] is of version 3"));
  old.drop_ins["a.toml"] = "[plugins.\"io.containerd.cri.v1.runtime\"]\nenable_cdi = true\n";
  CHECK_THAT(error_of("", old), ContainsSubstring("containerd.dropIns[a.toml] is of version 3"));
}

// Answers of containerd 1.6.20. In the second, an imported file sets this runtime, too.
TEST_CASE("containerd: crictl info shows the cgroup driver in effect") {
  const auto info = [](const std::string& runtime, const std::string& options) {
    return R"({"status": {}, "config": {"containerd": {"defaultRuntimeName": ")" + runtime +
           R"(", "runtimes": {"runc": {"runtimeType": "io.containerd.runc.v2", "options": )" +
           options + R"(}, "kata": {"runtimeType": "io.containerd.kata.v2", "options": null}}}}})";
  };
  CHECK_FALSE(has_other_cgroups(info("runc", R"({"SystemdCgroup": true})")));
  CHECK(has_other_cgroups(info("runc", "null")));
  CHECK(has_other_cgroups(info("runc", R"({"BinaryName": "", "SystemdCgroup": false})")));
  CHECK_FALSE(has_other_cgroups(info("kata", "null")));
  CHECK_FALSE(has_other_cgroups("{}"));
  CHECK_FALSE(has_other_cgroups("no JSON"));
}

TEST_CASE("containerd: the version follows the operator's text or the drop-ins, which must agree") {
  ContainerdWant newer = want();
  newer.version_3 = true;
  CHECK(rendered("version = 2\n", newer)["version"].value_or(0) == 2);
  CHECK(rendered("version = 3\n", newer)["version"].value_or(0) == 3);
  newer.drop_ins["a.toml"] =
      "[plugins.\"io.containerd.grpc.v1.cri\"]\nrestrict_oom_score_adj = true\n";
  const auto two = rendered("", newer);
  CHECK(two["version"].value_or(0) == 2);
  CHECK(two["plugins"][cri_2]["restrict_oom_score_adj"].value_or(false));
  CHECK(two["plugins"][cri_2]["sandbox_image"]);
  CHECK_THAT(error_of("version = 3\n", newer),
             ContainsSubstring("containerd.dropIns[a.toml] is of version 2") &&
                 ContainsSubstring("version 3 is needed"));
  newer.drop_ins["b.toml"] = "version = 3\n";
  CHECK_THAT(error_of("", newer), ContainsSubstring("containerd.dropIns[b.toml] is of version 3"));
  CHECK_THAT(error_of("[plugins.cri]\nstream_server_port = \"0\"\n", want()),
             ContainsSubstring("/etc/containerd/config.toml is of version 1"));
  CHECK_THAT(error_of("version = \n", want()),
             ContainsSubstring("/etc/containerd/config.toml:1:11"));
}

TEST_CASE("containerd: mirrors are files in the folder that the configuration names") {
  ContainerdWant mirrored = want();
  mirrored.mirrors["docker.io"] = {"https://mirror.example:5000"};
  const auto two = containerd_config("", mirrored).value();
  CHECK(toml::parse(two)["plugins"][cri_2]["registry"]["config_path"].value_or("") ==
        std::string("/etc/containerd/certs.d"));
  CHECK(registry_folder(two) == "/etc/containerd/certs.d");
  mirrored.version_3 = true;
  CHECK(registry_folder(containerd_config("", mirrored).value()) == "/etc/containerd/certs.d");
  mirrored.drop_ins["own.toml"] =
      "[plugins.\"io.containerd.cri.v1.images\".registry]\n"
      "config_path = \"/srv/certs.d:/etc/docker/certs.d\"\n";
  CHECK(registry_folder(containerd_config("", mirrored).value()) == "/srv/certs.d");
  mirrored.drop_ins["own.toml"] =
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\n"
      "endpoint = [\"https://old.example\"]\n";
  CHECK_THAT(error_of("", mirrored), ContainsSubstring("registry.mirrors"));

  CHECK(registry_file("docker.io") == "docker.io/hosts.toml");
  CHECK(registry_file("*") == "_default/hosts.toml");
  const auto hosts = toml::parse(hosts_toml({"https://a.example:5000", "http://b.example"}));
  CHECK(hosts["host"]["https://a.example:5000"]["capabilities"].as_array()->size() == 2);
  CHECK(hosts["host"]["http://b.example"]);
}

TEST_CASE("docker: daemon.json gets the systemd cgroup driver and keeps the operator's keys") {
  CHECK(json::parse(docker("")) == json{{"exec-opts", {"native.cgroupdriver=systemd"}}});
  const std::string theirs =
      R"({"data-root": "/data/docker", "exec-opts": ["native.cgroupdriver=cgroupfs", "isolation=x"]})";
  DockerWant want;
  want.daemon = R"({"log-opts": {"max-size": "100m"}, "bip": null})";
  want.mirrors = {"https://mirror.example"};
  const std::string ours = docker(theirs, want);
  CHECK(json::parse(ours) == json{{"data-root", "/data/docker"},
                                  {"exec-opts", {"native.cgroupdriver=systemd", "isolation=x"}},
                                  {"log-opts", {{"max-size", "100m"}}},
                                  {"registry-mirrors", {"https://mirror.example"}}});
  CHECK(docker(ours, want) == ours);
  CHECK_THAT(docker_config("{", {}).error().message(),
             ContainsSubstring("/etc/docker/daemon.json"));
  want.daemon = "[]";
  CHECK_THAT(docker_config("", want).error().message(), ContainsSubstring("docker.daemon"));
}
