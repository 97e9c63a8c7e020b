#pragma once

#include "coordinator/ctl/render/text.hpp"
#include "kagent/v1/admin.pb.h"

#include <string>

namespace kagent::ctl::render {

// A table, and below it a warning for each certificate that expires soon or should have been
// renewed. Pure.
std::string certificates(const v1::ListCertificatesResponse& answer, const Look& look);

}  // namespace kagent::ctl::render
