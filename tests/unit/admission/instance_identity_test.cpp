#include "coordinator/admission/instance_identity.hpp"
#include "agent/common/base/file.hpp"
#include "tests/support/ec2_signer.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>

using namespace kagent;
using namespace kagent::attest;

namespace {

// Frankfurt's certificate and Dublin's.
struct Folder {
  TemporaryFolder folder;
  Ec2Signer frankfurt, dublin;
  RegionCertificates certificates;

  Folder() {
    frankfurt.publish(folder.path(), "eu-central-1");
    dublin.publish(folder.path(), "eu-west-1");
    certificates = load_region_certificates(folder.path()).value();
  }
};

std::string genuine(const std::string& id = "i-0a") {
  return Ec2Signer::document(id, "eu-central-1", "10.0.0.9");
}

int run(const std::string& command) {
  return std::system(command.c_str());
}

}  // namespace

TEST_CASE("A document signed by its region's certificate is taken, and read whole") {
  const Folder at;
  const auto identity = verify_instance_identity(at.frankfurt.sign(genuine()), at.certificates);
  REQUIRE(identity);
  CHECK(identity->instance_id == "i-0a");
  CHECK(identity->account_id == "123456789012");
  CHECK(identity->region == "eu-central-1");
  CHECK(identity->image_id == "ami-5fb8c835");
  CHECK(identity->instance_type == "t3.medium");
  CHECK(identity->private_ip == "10.0.0.9");
  const auto age = std::chrono::system_clock::now() - identity->pending_time;
  CHECK((age >= std::chrono::seconds(0) && age < std::chrono::seconds(30)));
  CHECK(verify_instance_identity(at.frankfurt.sign(genuine(), {.carry_certificate = false}),
                                 at.certificates));
}

TEST_CASE("T1 A genuine signature does not hold for other fields") {
  const Folder at;
  const std::string genuine_one = at.frankfurt.sign(genuine());
  const auto refused = [&](const std::string& from, const std::string& to) {
    const auto identity =
        verify_instance_identity(Ec2Signer::forge(genuine_one, from, to), at.certificates);
    return !identity && identity.error().code() == Errc::permission_denied;
  };
  CHECK(verify_instance_identity(Ec2Signer::forge(genuine_one, "i-0a", "i-0a"), at.certificates));
  CHECK(refused("i-0a", "i-0b"));
  CHECK(refused("123456789012", "999999999999"));
  CHECK(refused("10.0.0.9", "10.0.0.8"));
  CHECK_FALSE(verify_instance_identity("", at.certificates));
  CHECK_FALSE(verify_instance_identity(genuine_one.substr(0, 400), at.certificates));
  CHECK_FALSE(
      verify_instance_identity(at.frankfurt.sign(genuine(), {.detached = true}), at.certificates));
}

TEST_CASE("T2 The certificate inside the message counts for nothing") {
  const Folder at;
  for (const long serial : {7L, 8L}) {  // AWS's name and number, or another
    const Ec2Signer forger(Ec2Signer::Kind::rsa2048, serial);
    const auto identity = verify_instance_identity(forger.sign(genuine()), at.certificates);
    REQUIRE_FALSE(identity);
    CHECK(identity.error().code() == Errc::permission_denied);
  }

  // The command of AWS's manual takes the same message, and prints the forger's words as verified.
  const std::string forged = Ec2Signer(Ec2Signer::Kind::rsa2048, 8).sign(genuine("i-0f"));
  CHECK_FALSE(verify_instance_identity(forged, at.certificates));
  const auto message = at.folder / "rsa2048", words = at.folder / "words";
  REQUIRE(write_file_atomic(message, "-----BEGIN PKCS7-----\n" + forged + "\n-----END PKCS7-----\n",
                            0600));
  CHECK(run("openssl smime -verify -in " + message.string() + " -inform PEM -certfile " +
            (at.folder / "eu-central-1.pem").string() + " -noverify >" + words.string() +
            " 2>/dev/null") == 0);
  CHECK(read_file(words).value().find("i-0f") != std::string::npos);
}

TEST_CASE("T3 Another region's certificate, and every other kind of signature, is refused") {
  const Folder at;
  const auto other = verify_instance_identity(at.dublin.sign(genuine()), at.certificates);
  REQUIRE_FALSE(other);
  CHECK(other.error().message().find("eu-west-1") != std::string::npos);

  const auto unknown = verify_instance_identity(
      at.frankfurt.sign(Ec2Signer::document("i-0a", "us-east-1")), at.certificates);
  CHECK_FALSE(unknown);
  const auto sha1 =
      verify_instance_identity(at.frankfurt.sign(genuine(), {.sha1 = true}), at.certificates);
  CHECK_FALSE(sha1);
  const auto dsa =
      verify_instance_identity(Ec2Signer(Ec2Signer::Kind::dsa).sign(genuine()), at.certificates);
  REQUIRE_FALSE(dsa);
  CHECK(dsa.error().message().find("rsa2048") != std::string::npos);
}

TEST_CASE("T3 Regions may share a certificate, and each document counts for its own region") {
  const TemporaryFolder folder;
  const Ec2Signer shared;
  for (const char* region : {"ap-east-1", "eu-central-1", "us-west-9"})
    shared.publish(folder.path(), region);
  const auto certificates = load_region_certificates(folder.path());
  REQUIRE(certificates);
  for (const std::string region : {"ap-east-1", "eu-central-1", "us-west-9"}) {
    const auto identity =
        verify_instance_identity(shared.sign(Ec2Signer::document("i-0a", region)), *certificates);
    REQUIRE(identity);
    CHECK(identity->region == region);
  }
  CHECK_FALSE(verify_instance_identity(shared.sign(Ec2Signer::document("i-0a", "eu-west-1")),
                                       *certificates));
}

TEST_CASE("T3 A certificate for the weaker signatures is not loaded") {
  for (const auto kind : {Ec2Signer::Kind::rsa1024, Ec2Signer::Kind::dsa}) {
    const TemporaryFolder folder;
    Ec2Signer(kind).publish(folder.path(), "eu-central-1");
    const auto loaded = load_region_certificates(folder.path());
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().message().find("eu-central-1.pem") != std::string::npos);
    CHECK(loaded.error().message().find("rsa2048") != std::string::npos);
  }
  const TemporaryFolder empty;
  CHECK(load_region_certificates(empty.path()).error().code() == Errc::not_found);
  CHECK(load_region_certificates(empty / "none").error().code() == Errc::not_found);
}

TEST_CASE("Old and new certificate of a region stand in one file") {
  const TemporaryFolder folder;
  const Ec2Signer old, fresh;
  REQUIRE(write_file_atomic(folder / "eu-central-1.pem", old.pem() + fresh.pem(), 0644));
  const auto certificates = load_region_certificates(folder.path());
  REQUIRE(certificates);
  CHECK(verify_instance_identity(old.sign(genuine()), *certificates));
  CHECK(verify_instance_identity(fresh.sign(genuine()), *certificates));
}

TEST_CASE("A document that can be read in two ways is refused, signed or not") {
  CHECK(parse_identity_document(genuine()));
  for (
      const char* text :
      {"", "[]", "{}", R"({"instanceId":"i-1","accountId":"1","region":"r"})",
       R"({"instanceId":"i-1","instanceId":"i-2","accountId":"1","region":"r","pendingTime":"2026-01-01T00:00:00Z"})",
       R"({"instanceId":"i-1\n","accountId":"1","region":"r","pendingTime":"2026-01-01T00:00:00Z"})",
       R"({"instanceId":"i-1","accountId":"1","region":"r","pendingTime":"2026-02-30T00:00:00Z"})",
       R"({"instanceId":"i-1","accountId":"1","region":"r","pendingTime":"-026-02-03T00:00:00Z"})"})
    CHECK_FALSE(parse_identity_document(text));
}
