#include "agent/common/config/unpack.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace kagent::config {
namespace {

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b");
}

bool is_base64_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=' ||
         std::isspace(static_cast<unsigned char>(c)) != 0;
}

// A URL contains ':', and YAML contains ':' or blanks, so neither is mistaken for base64.
bool is_base64(std::string_view bytes) {
  return bytes.size() >= 16 && std::ranges::all_of(bytes, is_base64_char);
}

}  // namespace

Result<std::string> gunzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
    return Error(Errc::internal, "zlib does not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string unpacked;
  std::array<char, 16384> buffer{};
  int status = Z_OK;
  while (status == Z_OK && unpacked.size() <= max_unpacked) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = inflate(&stream, Z_NO_FLUSH);
    unpacked.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (unpacked.size() > max_unpacked)
    return Error(Errc::resource_exhausted, "larger than 256 KiB when unpacked");
  if (status != Z_STREAM_END) return Error(Errc::invalid_argument, "damaged gzip data");
  return unpacked;
}

Result<std::string> decode_base64(std::string_view text) {
  std::string packed;
  std::ranges::copy_if(text, std::back_inserter(packed),
                       [](char c) { return std::isspace(static_cast<unsigned char>(c)) == 0; });
  if (packed.empty() || packed.size() % 4 != 0)
    return Error(Errc::invalid_argument, "damaged base64: its length is not a multiple of four");
  std::string bytes(packed.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(packed.data()),
                                   static_cast<int>(packed.size()));
  if (size < 0) return Error(Errc::invalid_argument, "damaged base64");
  const auto padding = static_cast<std::size_t>(std::ranges::count(packed, '='));
  bytes.resize(static_cast<std::size_t>(size) - std::min<std::size_t>(padding, 2));
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> unwrap(std::string_view bytes) {
  std::string content(bytes);
  for (int layer = 0; layer < 3; ++layer) {
    if (is_gzip(content)) {
      auto unpacked = gunzip(content);
      if (!unpacked) return unpacked.error();
      content = *unpacked;
    } else if (is_base64(content)) {
      auto decoded = decode_base64(content);
      if (!decoded) return decoded.error();
      content = *decoded;
    } else {
      return content;
    }
  }
  return Error(Errc::invalid_argument, "wrapped in gzip or base64 more than three times");
}

}  // namespace kagent::config
