#pragma once

#include "agent/common/base/error.hpp"

#include <string>
#include <string_view>

namespace sdbus {
class Error;
}

namespace kagent::dbus {

// kagent's errors have the D-Bus names io.kagent.Error.<Errc in CamelCase>.
inline constexpr std::string_view error_prefix = "io.kagent.Error.";
// An envelope that did not pass its checks. from_dbus() makes it permission_denied.
inline constexpr char envelope_refused[] = "io.kagent.Error.EnvelopeRefused";

// The D-Bus names that callers act on become codes (NoSuchUnit and UnknownObject: not_found;
// ServiceUnknown, Disconnected: unavailable; NoReply, Timeout: deadline_exceeded; AccessDenied:
// permission_denied; kagent's: their Errc). Any other becomes `io`, with the name in the message.
Error from_dbus(const sdbus::Error& error);

sdbus::Error to_dbus(const Error& error);
sdbus::Error to_dbus(const std::string& name, const Error& error);

}  // namespace kagent::dbus
