#pragma once

#include "agent/common/base/error.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>

// How a failed CHECK shows a Result: its error, or that there is a value (which may not be
// printable).
namespace Catch {

template <class T>
struct StringMaker<boost::system::result<T, kagent::Error>> {
  static std::string convert(const boost::system::result<T, kagent::Error>& result) {
    return result ? "a value" : "error: " + result.error().message();
  }
};

}  // namespace Catch
