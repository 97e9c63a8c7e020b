#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace kagent::coordinator {

class SiteContent;

using HttpRequest = boost::beast::http::request<boost::beast::http::empty_body>;
using HttpParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

constexpr std::size_t most_header_bytes = 8192;

// Before the first byte: no body is read, and no more header than that.
void bound(HttpParser& parser);

// 200, 404, 405, or 503 while the content is not ready. Nothing of the request is in it.
HttpResponse answer(const HttpRequest& request, const SiteContent& content);

}  // namespace kagent::coordinator
