#pragma once

#include "coordinator/admission/region_certificates.hpp"
#include "kagent/v1/config.pb.h"

namespace kagent::coordinator {

// The ClusterConfig and the files that it names.
struct Settings {
  v1::ClusterConfig config;
  attest::RegionCertificates region_certificates;
};

}  // namespace kagent::coordinator
