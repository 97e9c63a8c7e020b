#include "agent/common/dbus/error.hpp"

#include <sdbus-c++/Error.h>

#include <algorithm>
#include <array>

namespace kagent::dbus {
namespace {

struct Name {
  std::string_view name;
  Errc code;
};

constexpr std::array names{
    Name{"org.freedesktop.DBus.Error.ServiceUnknown", Errc::unavailable},
    Name{"org.freedesktop.DBus.Error.NameHasNoOwner", Errc::unavailable},
    Name{"org.freedesktop.DBus.Error.Disconnected", Errc::unavailable},
    Name{"org.freedesktop.DBus.Error.NoServer", Errc::unavailable},
    Name{"org.freedesktop.DBus.Error.NoReply", Errc::deadline_exceeded},
    Name{"org.freedesktop.DBus.Error.Timeout", Errc::deadline_exceeded},
    Name{"org.freedesktop.DBus.Error.TimedOut", Errc::deadline_exceeded},
    Name{"org.freedesktop.DBus.Error.AccessDenied", Errc::permission_denied},
    Name{"org.freedesktop.DBus.Error.InvalidArgs", Errc::invalid_argument},
    Name{"org.freedesktop.DBus.Error.UnknownObject", Errc::not_found},
    Name{"org.freedesktop.DBus.Error.UnknownMethod", Errc::not_found},
    Name{"org.freedesktop.DBus.Error.UnknownInterface", Errc::not_found},
    Name{"org.freedesktop.DBus.Error.FileNotFound", Errc::not_found},
    Name{"org.freedesktop.systemd1.NoSuchUnit", Errc::not_found},
    Name{"org.freedesktop.systemd1.UnitExists", Errc::already_exists},
    Name{"org.freedesktop.systemd1.UnitMasked", Errc::failed_precondition},
    Name{"io.kagent.Error.EnvelopeRefused", Errc::permission_denied},
};

constexpr std::array codes{
    Name{"InvalidArgument", Errc::invalid_argument},
    Name{"NotFound", Errc::not_found},
    Name{"NotFound", Errc::not_installed},
    Name{"AlreadyExists", Errc::already_exists},
    Name{"PermissionDenied", Errc::permission_denied},
    Name{"Unauthenticated", Errc::unauthenticated},
    Name{"FailedPrecondition", Errc::failed_precondition},
    Name{"Unavailable", Errc::unavailable},
    Name{"DeadlineExceeded", Errc::deadline_exceeded},
    Name{"Cancelled", Errc::cancelled},
    Name{"ResourceExhausted", Errc::resource_exhausted},
    Name{"DataLoss", Errc::data_loss},
    Name{"Io", Errc::io},
    Name{"Protocol", Errc::protocol},
    Name{"Internal", Errc::internal},
};

// A D-Bus error has no field for the unit: it goes behind the message, in these.
constexpr std::string_view unit_begin = " (see the journal of ";
constexpr std::string_view unit_end = ")";

Error with_unit(Errc code, const std::string& text) {
  const auto begin = text.rfind(unit_begin);
  if (begin == std::string::npos || !text.ends_with(unit_end)) return {code, text};
  const auto from = begin + unit_begin.size();
  return Error(code, text.substr(0, begin))
      .in_unit(text.substr(from, text.size() - unit_end.size() - from));
}

std::string message_with_unit(const Error& error) {
  if (error.unit().empty()) return error.message();
  return error.message() + std::string(unit_begin) + error.unit() + std::string(unit_end);
}

}  // namespace

Error from_dbus(const sdbus::Error& error) {
  const std::string& name = error.getName();
  const auto* known = std::ranges::find(names, std::string_view{name}, &Name::name);
  if (known != names.end()) return {known->code, error.getMessage()};
  if (name.starts_with(error_prefix)) {
    const std::string_view rest = std::string_view{name}.substr(error_prefix.size());
    const auto* ours = std::ranges::find(codes, rest, &Name::name);
    if (ours != codes.end()) return with_unit(ours->code, error.getMessage());
  }
  return {Errc::io, error.getMessage() + " (" + name + ")"};
}

sdbus::Error to_dbus(const Error& error) {
  const auto* found = std::ranges::find(codes, error.code(), &Name::code);
  const std::string_view suffix = found == codes.end() ? "Internal" : found->name;
  return to_dbus(std::string(error_prefix) + std::string(suffix), error);
}

sdbus::Error to_dbus(const std::string& name, const Error& error) {
  return sdbus::Error(name, message_with_unit(error));
}

}  // namespace kagent::dbus
