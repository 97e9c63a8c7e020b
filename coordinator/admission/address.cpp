#include "coordinator/admission/address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <memory>

namespace kagent::coordinator {
namespace {

struct FreeAddresses {
  void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr)) return {};
    bytes = &six.sin6_addr;
  }
  return ::inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr ? std::string()
                                                                                    : text.data();
}

}  // namespace

Result<std::string> first_address() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return errno_error(errno, "getifaddrs");
  const std::unique_ptr<ifaddrs, FreeAddresses> list(first);
  for (const int family : {AF_INET, AF_INET6})
    for (const ifaddrs* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family) continue;
      if ((entry->ifa_flags & IFF_UP) == 0 || (entry->ifa_flags & IFF_LOOPBACK) != 0) continue;
      if (std::string text = text_of(*entry->ifa_addr); !text.empty()) return text;
    }
  return Error(Errc::not_found,
               "this machine has only loopback addresses: name one with --advertise");
}

std::string ip_of_peer(std::string_view peer) {
  const auto between = [&](std::string_view before, std::string_view after) -> std::string {
    const auto end = peer.rfind(after);
    if (!peer.starts_with(before) || end == std::string_view::npos || end < before.size())
      return {};
    return std::string(peer.substr(before.size(), end - before.size()));
  };
  if (peer.starts_with("ipv4:")) return between("ipv4:", ":");
  if (peer.starts_with("ipv6:[")) return between("ipv6:[", "]:");
  return between("ipv6:%5B", "%5D:");
}

std::string connection_key(const std::string& ip, std::uint16_t port) {
  return ip.substr(0, ip.find('%')) + " " + std::to_string(port);
}

std::string connection_key(const std::string& peer) {
  const std::string ip = ip_of_peer(peer);
  return ip.substr(0, ip.find('%')) + " " + peer.substr(peer.rfind(':') + 1);
}

std::string host_port(const std::string& host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos && host.front() != '[';
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace kagent::coordinator
