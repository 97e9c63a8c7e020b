#include "agent/kagentd/kubernetes/certificate_requests.hpp"

#include "agent/common/config/unpack.hpp"
#include "tests/support/result.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <nlohmann/json.hpp>

using namespace kagent;
using namespace kagent::kubernetes;
using nlohmann::json;

namespace {

// A request as kubelets make it, with one more name if `alternative` is given.
std::string request_pem(const std::string& common_name, const std::string& organization,
                        const char* alternative = nullptr) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509_REQ* request = X509_REQ_new();
  X509_NAME* name = X509_REQ_get_subject_name(request);
  const auto add = [&](const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  };
  add("O", organization);
  add("CN", common_name);
  if (alternative != nullptr) {
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    sk_X509_EXTENSION_push(
        extensions, X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative));
    X509_REQ_add_extensions(request, extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
  X509_REQ_set_pubkey(request, key);
  X509_REQ_sign(request, key, EVP_sha256());
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509_REQ(bio, request);
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &bytes));
  std::string pem(bytes, size);
  BIO_free(bio);
  X509_REQ_free(request);
  EVP_PKEY_free(key);
  return pem;
}

// The request of a kubelet on node-1 with its own token.
json honest() {
  json object;
  object["metadata"] = {{"name", "node-csr-1"}, {"resourceVersion", "7"}};
  json& spec = object["spec"];
  spec["signerName"] = "kubernetes.io/kube-apiserver-client-kubelet";
  spec["username"] = "system:bootstrap:abc123";
  spec["groups"] = {"system:bootstrappers", bootstrap_group, group_of_node("node-1"),
                    "system:authenticated"};
  spec["usages"] = {"digital signature", "key encipherment", "client auth"};
  spec["request"] = config::encode_base64(request_pem("system:node:node-1", "system:nodes"));
  return object;
}

void ask_for(json& object, const std::string& pem) {
  object["spec"]["request"] = config::encode_base64(pem);
}

std::string refusal_of(const json& object) {
  const auto verdict = judge(object.dump());
  REQUIRE(verdict);
  REQUIRE(verdict->has_value());
  return (*verdict)->refusal;
}

}  // namespace

TEST_CASE("T9 A node's request with the token that was made for it is approved") {
  const auto verdict = judge(honest().dump());
  REQUIRE(verdict);
  REQUIRE(verdict->has_value());
  CHECK((*verdict)->refusal.empty());
  CHECK((*verdict)->node == "node-1");
  CHECK((*verdict)->request == "node-csr-1");
  CHECK((*verdict)->resource_version == "7");
}

TEST_CASE("T9 A token does not get a certificate for another node's name") {
  json object = honest();
  ask_for(object, request_pem("system:node:master", "system:nodes"));
  CHECK(refusal_of(object) == "its token was made for another node");
}

TEST_CASE("T9 Nothing but a node's client certificate is approved") {
  json object = honest();
  SECTION("a user") {
    ask_for(object, request_pem("kubernetes-admin", "system:nodes"));
  }
  SECTION("a group") {
    ask_for(object, request_pem("system:node:node-1", "system:masters"));
  }
  SECTION("other names besides") {
    ask_for(object, request_pem("system:node:node-1", "system:nodes", "DNS:kubernetes"));
  }
  SECTION("for a server") {
    object["spec"]["usages"].push_back("server auth");
  }
  SECTION("not a request at all") {
    ask_for(object, "-----BEGIN CERTIFICATE REQUEST-----\n");
  }
  CHECK_FALSE(refusal_of(object).empty());
}

TEST_CASE("T9 A request that is decided or was made without a kagent token gets no verdict") {
  json object = honest();
  SECTION("kubeadm's own token") {
    object["spec"]["groups"] = {"system:bootstrappers:kubeadm:default-node-token"};
  }
  SECTION("a renewal") {
    object["spec"]["groups"] = {"system:nodes"};
  }
  SECTION("another signer") {
    object["spec"]["signerName"] = "kubernetes.io/kubelet-serving";
  }
  SECTION("denied") {
    object["status"]["conditions"] = {{{"type", "Denied"}}};
  }
  const auto verdict = judge(object.dump());
  REQUIRE(verdict);
  CHECK_FALSE(verdict->has_value());
}

TEST_CASE("T10 A token gets one certificate, although it is valid until its node is Ready") {
  const auto named = [](const std::string& name) {
    json object = honest();
    object["metadata"]["name"] = name;
    return object;
  };
  const auto added = [](const json& object) {
    return json{{"type", "ADDED"}, {"object", object}}.dump();
  };
  CertificateRequests requests;
  const auto refusal = [&](const json& object) {
    REQUIRE(requests.event(added(object)));
    const auto verdicts = requests.take();
    REQUIRE(verdicts.size() == 1);
    return verdicts.front().refusal;
  };
  SECTION("the second request is refused, the first may be carried out again") {
    CHECK(refusal(named("first")).empty());
    CHECK(refusal(named("second")) == "its token was used for the request first");
    CHECK(refusal(named("first")).empty());  // the approval did not reach the API server
  }
  SECTION("also when another control plane, or this one before a restart, approved the first") {
    json first = named("first");
    first["status"]["conditions"] = {{{"type", "Approved"}}};
    json all;
    all["metadata"]["resourceVersion"] = "9";
    all["items"] = {first, named("second")};
    REQUIRE(requests.list(all.dump()));
    const auto verdicts = requests.take();
    REQUIRE(verdicts.size() == 1);
    CHECK(verdicts.front().refusal == "its token was used for the request first");
  }
  SECTION("a refused one uses nothing up, and another token is another") {
    json wrong = named("wrong");
    ask_for(wrong, request_pem("system:node:master", "system:nodes"));
    CHECK_FALSE(refusal(wrong).empty());
    CHECK(refusal(named("first")).empty());
    json other = named("second");
    other["spec"]["username"] = "system:bootstrap:def456";
    CHECK(refusal(other).empty());
  }
}

TEST_CASE("a refused request gets one verdict, an approved one a verdict until it is carried out") {
  json bad = honest();
  ask_for(bad, request_pem("system:node:master", "system:nodes"));
  bad["metadata"]["name"] = "node-csr-2";
  json all;
  all["metadata"]["resourceVersion"] = "9";
  all["items"] = {honest(), bad};
  CertificateRequests requests;
  REQUIRE(requests.list(all.dump()));
  CHECK(requests.take().size() == 2);
  REQUIRE(requests.list(all.dump()));
  const auto again = requests.take();
  REQUIRE(again.size() == 1);
  CHECK(again.front().request == "node-csr-1");
  CHECK(requests.resource_version() == "9");
  json event{{"type", "ADDED"}, {"object", honest()}};
  REQUIRE(requests.event(event.dump()));
  CHECK(requests.take().size() == 1);
  CHECK_FALSE(requests.event("{\"type\":\"ERROR\",\"object\":{}}"));
  CHECK_FALSE(requests.list("[]"));
}
