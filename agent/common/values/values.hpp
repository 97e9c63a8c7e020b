#pragma once

#include "agent/common/values/checked.hpp"

#include <cstdint>

namespace kagent::values {

// The rules. Each names the source of its shape.

struct NodeNameRule {  // RFC 1123, as Kubernetes checks metadata.name of a Node
  static constexpr std::string_view what = "a Kubernetes node name (RFC 1123, lower case)";
  static constexpr std::size_t longest = 253;
  static constexpr bool secret = false;
  static bool holds(std::string_view text);
};

struct NodeIdRule {  // an EC2 instance id, "node-" and 16 hexadecimal digits, or an operator's own
  static constexpr std::string_view what = "a node id (letters, digits and dashes)";
  static constexpr std::size_t longest = 64;
  static constexpr bool secret = false;
  static bool holds(std::string_view text);
};

struct StepNameRule {  // a name of the plan: lower-case letters, digits and dashes
  static constexpr std::string_view what = "the name of a step";
  static constexpr std::size_t longest = 64;
  static constexpr bool secret = false;
  static bool holds(std::string_view text);
};

struct BootstrapTokenRule {  // kubeadm token: [a-z0-9]{6}.[a-z0-9]{16}
  static constexpr std::string_view what = "a bootstrap token (6 and 16 of a-z0-9)";
  static constexpr std::size_t longest = 23;
  static constexpr bool secret = true;
  static bool holds(std::string_view text);
};

struct BootstrapTokenIdRule {  // the public half of a bootstrap token
  static constexpr std::string_view what = "the id of a bootstrap token (6 of a-z0-9)";
  static constexpr std::size_t longest = 6;
  static constexpr bool secret = false;
  static bool holds(std::string_view text);
};

struct CertificateKeyRule {  // kubeadm init phase upload-certs: 32 bytes in hexadecimal
  static constexpr std::string_view what = "a certificate key (64 hexadecimal digits)";
  static constexpr std::size_t longest = 64;
  static constexpr bool secret = true;
  static bool holds(std::string_view text);
};

struct Sha256Rule {
  static constexpr std::string_view what = "a SHA-256 (64 hexadecimal digits in lower case)";
  static constexpr std::size_t longest = 64;
  static constexpr bool secret = false;
  static bool holds(std::string_view text);
};

struct KubernetesVersionRule {  // semantic versioning with Kubernetes' leading v
  static constexpr std::string_view what = "a version such as v1.32.4";
  static constexpr std::size_t longest = 64;
  static constexpr bool secret = false;
  static bool holds(std::string_view text);
};

using NodeName = Checked<NodeNameRule>;
using NodeId = Checked<NodeIdRule>;
using StepName = Checked<StepNameRule>;
using BootstrapToken = Checked<BootstrapTokenRule>;
using BootstrapTokenId = Checked<BootstrapTokenIdRule>;
using CertificateKey = Checked<CertificateKeyRule>;
using Sha256 = Checked<Sha256Rule>;
using KubernetesVersion = Checked<KubernetesVersionRule>;

// HOST:PORT. The host is an RFC 1123 name in lower case, an IPv4 address, or an IPv6 address, which
// has brackets in text (RFC 3986) and no zone. The port is 1 to 65535.
class HostPort {
 public:
  // Errors: invalid_argument.
  static Result<HostPort> parse(std::string_view text);
  // Of "https://HOST:PORT", as kubeconfigs name an API server; nothing may follow. Errors:
  // invalid_argument.
  static Result<HostPort> parse_https_url(std::string_view url);

  [[nodiscard]] const std::string& host() const { return host_; }  // without brackets
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string str() const;

  auto operator<=>(const HostPort&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const HostPort& value) {
    return out << value.str();
  }

 private:
  HostPort(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}

  std::string host_;
  std::uint16_t port_;
};

}  // namespace kagent::values
