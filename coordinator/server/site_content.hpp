#pragma once

#include "coordinator/web/site.hpp"

#include <memory>
#include <string>

namespace kagent::coordinator {

class Coordinator;

// The coordinator as the site shows it. `coordinator` outlives it.
std::unique_ptr<SiteContent> make_site_content(const Coordinator& coordinator,
                                               std::string cluster_id);
// Of one that stands by: not ready, no nodes.
std::unique_ptr<SiteContent> make_standby_content();

}  // namespace kagent::coordinator
