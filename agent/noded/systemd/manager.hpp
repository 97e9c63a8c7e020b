#pragma once

#include "agent/common/dbus/connection.hpp"
#include "agent/noded/systemd/jobs.hpp"
#include "agent/noded/systemd/units.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

// org.freedesktop.systemd1(5) as Units and Commands share it.
namespace kagent::noded {

using Variants = std::map<std::string, sdbus::Variant>;

// T{} if the property is missing or has another type.
template <class T>
T property(const Variants& variants, const std::string& name) {
  const auto found = variants.find(name);
  if (found == variants.end()) return {};
  try {
    return found->second.get<T>();
  } catch (const sdbus::Error&) {
    return {};
  }
}

inline constexpr char unit_interface[] = "org.freedesktop.systemd1.Unit";
inline constexpr char service_interface[] = "org.freedesktop.systemd1.Service";

// The manager object, subscribed to its JobRemoved signals.
class SystemdManager {
 public:
  SystemdManager(boost::asio::io_context& io, dbus::Connection& connection);

  // No coroutine: arguments may be temporaries of the caller.
  template <class... Args>
  boost::asio::awaitable<Result<sdbus::MethodReply>> call(const std::string& method,
                                                          const Args&... args) {
    return dbus::call(connection_, *proxy_, dbus::make_call(*proxy_, interface, method, args...));
  }
  // The unit's object, by the method GetUnit (not_found unless it is loaded) or LoadUnit.
  boost::asio::awaitable<Result<sdbus::ObjectPath>> find(std::string method, std::string unit);
  boost::asio::awaitable<Result<Variants>> properties(sdbus::ObjectPath path, std::string of);
  // The state that the properties of interface Unit describe.
  static UnitState state_of(const Variants& unit);

  Jobs& jobs() { return jobs_; }

 private:
  static constexpr char interface[] = "org.freedesktop.systemd1.Manager";

  void subscribe();

  dbus::Connection& connection_;
  std::unique_ptr<sdbus::IProxy> proxy_;
  sdbus::Slot owner_changed_;
  Jobs jobs_;
};

}  // namespace kagent::noded
