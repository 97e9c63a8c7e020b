#include "agent/noded/network/balancer_config.hpp"

#include "agent/common/base/names.hpp"
#include "agent/common/values/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kagent::noded {
namespace {

// HAProxy gets addresses only, since it looks names up once, at its start.
bool is_server(std::string_view text) {
  const auto server = values::HostPort::parse(text);
  return server && is_ip_address(server->host());
}

}  // namespace

std::vector<std::string> usable_servers(std::vector<std::string> servers) {
  std::erase_if(servers, [](const std::string& server) { return !is_server(server); });
  return servers;
}

const std::string_view balancer_unit = R"(# Made by kagent.
[Unit]
Description=HAProxy for kagent: leads to the API servers of the cluster
After=network.target
Before=kubelet.service
ConditionPathExists=/etc/kagent/haproxy.cfg

[Service]
Type=notify
ExecStart=haproxy -Ws -f /etc/kagent/haproxy.cfg
ExecReload=haproxy -c -q -f /etc/kagent/haproxy.cfg
ExecReload=kill -USR2 $MAINPID
KillMode=mixed
Restart=always
RestartSec=1
SuccessExitStatus=143
LimitNOFILE=16384
LimitCORE=0
DynamicUser=yes
CapabilityBoundingSet=
ProtectHome=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
)";

std::string balancer_config(std::uint16_t port, const std::vector<std::string>& servers) {
  std::string text = fmt::format(
      "# Made by kagent: leads to the API servers of the cluster.\n"
      "global\n"
      "    log stderr format short daemon notice\n"
      "    maxconn 4096\n"
      "    # What a reload leaves to an old process, watches above all, ends by then.\n"
      "    hard-stop-after 30m\n"
      "\n"
      "defaults\n"
      "    mode tcp\n"
      "    log global\n"
      "    timeout connect 5s\n"
      "    timeout client 10m\n"
      "    timeout server 10m\n"
      "    timeout check 5s\n"
      "    timeout tunnel 1h\n"
      "    option clitcpka\n"
      "    option srvtcpka\n"
      "    option redispatch\n"
      "    retries 3\n"
      "\n"
      "frontend api\n"
      "    bind 127.0.0.1:{}\n"
      "    default_backend api-servers\n"
      "\n"
      "backend api-servers\n"
      "    balance roundrobin\n"
      "    option httpchk GET /readyz\n"
      "    http-check expect status 200\n"
      "    # The check carries no secret; clients verify the certificate themselves.\n"
      "    default-server check check-ssl verify none inter 2s fastinter 1s fall 2 rise 1 "
      "on-marked-down shutdown-sessions\n",
      port);
  for (const std::string& server : servers) {
    // HAProxy accepts no brackets in a server's name.
    std::string name = server;
    std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
    text += fmt::format("    server {} {}\n", name, server);
  }
  return text;
}

}  // namespace kagent::noded
