#pragma once

// Where things are; the one list. Folders are made by systemd (StateDirectory=, RuntimeDirectory=).
namespace kagent::paths {

inline constexpr char user_data[] = "/run/kagent-imds/user-data";      // by kagent-imds, 0640
inline constexpr char instance_id[] = "/run/kagent-imds/instance-id";  // plain text
inline constexpr char local_hostname[] = "/run/kagent-imds/local-hostname";
inline constexpr char instance_type[] = "/run/kagent-imds/instance-type";
inline constexpr char availability_zone[] = "/run/kagent-imds/availability-zone";
inline constexpr char vpc_cidrs[] = "/run/kagent-imds/vpc-cidrs";  // one a line
inline constexpr char identity_document[] = "/run/kagent-imds/identity-document";
inline constexpr char identity_rsa2048[] = "/run/kagent-imds/identity-rsa2048";
inline constexpr char platform[] = "/etc/kagent/platform";  // "ec2" in an image made for EC2
inline constexpr char local_user_data[] = "/etc/kagent/user-data";  // instead of EC2's

inline constexpr char agent_state[] = "/var/lib/kagent";                  // kagentd's, 0700 kagent
inline constexpr char agent_kubeconfig[] = "/var/lib/kagent/kubeconfig";  // written by noded
inline constexpr char noded_state[] = "/var/lib/kagent-noded";            // root, 0700
// The serial of the last ResetOrder that was carried out.
inline constexpr char reset_done[] = "/var/lib/kagent-noded/reset-done";
inline constexpr char noded_run[] = "/run/kagent";  // root, 0700; secrets

inline constexpr char coordinator_state[] = "/var/lib/kagent-coordinator";
inline constexpr char cluster_config[] = "/etc/kagent/cluster.yaml";
inline constexpr char admin_socket[] = "/run/kagent-coordinator/admin.sock";

}  // namespace kagent::paths
