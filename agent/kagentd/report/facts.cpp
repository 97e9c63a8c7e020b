#include "agent/kagentd/report/facts.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/trust/node_identity.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <sys/utsname.h>
#include <unistd.h>

#include <sstream>

namespace kagent::kagentd {
namespace {

// The first line of a small file; empty if there is no file.
std::string line_of(const char* path) {
  const auto text = read_file(path, 4096);
  if (!text) return {};
  return text->substr(0, text->find_first_of("\r\n"));
}

// PRETTY_NAME of os-release(5).
std::string os_name() {
  auto text = read_file("/etc/os-release");
  if (!text) text = read_file("/usr/lib/os-release");
  if (!text) return {};
  constexpr std::string_view key = "PRETTY_NAME=";
  std::istringstream in(*text);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    std::string value = line.substr(key.size());
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

}  // namespace

v1::NodeFacts lasting_facts() {
  v1::NodeFacts facts;
  if (auto id = app_specific_machine_id()) facts.set_machine_id(*id);
  if (auto id = boot_id()) facts.set_boot_id(*id);
  facts.set_instance_id(line_of(paths::instance_id));
  facts.set_instance_type(line_of(paths::instance_type));
  facts.set_availability_zone(line_of(paths::availability_zone));
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (cpus > 0) facts.set_cpus(static_cast<std::uint32_t>(cpus));
  if (pages > 0 && page > 0)
    facts.set_memory_bytes(static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page));
  facts.set_os(os_name());
  utsname system{};
  if (::uname(&system) == 0) facts.set_kernel(system.release);
  facts.set_agent_version(version);
  return facts;
}

std::string address_towards(const std::string& host, std::uint16_t port) {
  namespace ip = boost::asio::ip;
  boost::system::error_code error;
  auto address = ip::make_address(host, error);
  if (error) address = ip::make_address_v4("198.51.100.1");  // RFC 5737: in use nowhere
  // Connecting a datagram socket sends no packet: the kernel only looks up the route.
  boost::asio::io_context unused;
  ip::udp::socket socket(unused);
  const ip::udp::endpoint there(address, port);
  socket.open(there.protocol(), error);
  if (!error) socket.connect(there, error);
  if (error) return {};
  const auto here = socket.local_endpoint(error);
  return error ? std::string() : here.address().to_string();
}

}  // namespace kagent::kagentd
