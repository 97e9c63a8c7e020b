#pragma once

#include <string>
#include <string_view>

namespace kagent::coordinator {

class SiteContent;

// What a browser gets, but for the headers that every answer has.
struct Answer {
  unsigned status = 200;  // or 404, 405, 503 while the content is not ready
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Nothing of the request is in it. `target`: as in the request's first line.
Answer answer(std::string_view method, std::string_view target, const SiteContent& content);

}  // namespace kagent::coordinator
