#pragma once

#include <string>
#include <string_view>

namespace kagent::coordinator {

class SiteContent;

// An HTTP response without the headers that all responses share.
struct Answer {
  unsigned status = 200;  // or 404, 405, 503 while the content is not ready
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

// `target`: as in the request line. The response repeats nothing of the request.
Answer answer(std::string_view method, std::string_view target, const SiteContent& content);

}  // namespace kagent::coordinator
