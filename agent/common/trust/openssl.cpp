#include "agent/common/trust/openssl.hpp"

#include <openssl/err.h>

#include <array>

namespace kagent::openssl {

Error last_error(Errc code, std::string_view what) {
  std::string message(what);
  if (const unsigned long first = ERR_get_error(); first != 0) {
    std::array<char, 256> text{};
    ERR_error_string_n(first, text.data(), text.size());
    message.append(": ").append(text.data());
  }
  ERR_clear_error();
  return {code, message};
}

Bio memory(std::string_view content) {
  return Bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
}

std::string content_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace kagent::openssl
