#include "coordinator/ctl/arguments/command.hpp"

#include "coordinator/ctl/arguments/duration.hpp"

#include <algorithm>
#include <charconv>

namespace kagent::ctl {
namespace {

template <class Number>
std::string parse_number(const std::string& text, Number least, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return text + " is too large";
  if (error != std::errc() || stop != end || number < least)
    return text + " is not a number from " + std::to_string(least) + " up";
  return {};
}

template <class Number>
Value into_number_from_1(std::optional<Number>& target) {
  Value value;
  value.set = [&target](const std::string& text) {
    Number number = 0;
    std::string wrong = parse_number<Number>(text, 1, number);
    if (wrong.empty()) target = number;
    return wrong;
  };
  return value;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return list;
}

}  // namespace

Value into(std::string& target) {
  return {[&target](const std::string& text) {
            target = text;
            return std::string();
          },
          target,
          {}};
}

Value into(std::uint32_t& target) {
  Value value;
  value.set = [&target](const std::string& text) {
    return parse_number<std::uint32_t>(text, 0, target);
  };
  return value;
}

Value into(std::optional<std::uint32_t>& target) {
  return into_number_from_1(target);
}

Value into(std::optional<std::uint64_t>& target) {
  return into_number_from_1(target);
}

Value into(std::chrono::seconds& target) {
  return {[&target](const std::string& text) {
            const auto length = duration_from(text);
            if (!length) return text + " is not a duration such as 90s, 10m or 1h30m";
            target = *length;
            return std::string();
          },
          to_text(target),
          {}};
}

Value one_of_words(std::vector<std::string> words, std::function<void(std::size_t)> choose) {
  Value value;
  value.words = words;
  value.set = [words = std::move(words), choose = std::move(choose)](const std::string& text) {
    const auto found = std::ranges::find(words, text);
    if (found == words.end()) return text + " is not one of " + list_of(words);
    choose(static_cast<std::size_t>(found - words.begin()));
    return std::string();
  };
  return value;
}

Value one_of(std::string& target, std::vector<std::string> words) {
  return one_of_words(words, [&target, words](std::size_t i) { target = words[i]; });
}

std::string Argument::short_name() const {
  return names.starts_with("--") || is_positional() ? "" : names.substr(0, names.find(','));
}

std::string Argument::long_name() const {
  const std::size_t at = names.find("--");
  return at == std::string::npos ? "" : names.substr(at);
}

Command::Command(std::string name_, std::string summary_, std::string details_)
    : name(std::move(name_)), summary(std::move(summary_)), details(std::move(details_)) {}

void Command::flag(const std::string& names, bool& target, const std::string& help) {
  Value value;
  value.set = [&target](const std::string&) {
    target = true;
    return std::string();
  };
  arguments.push_back({names, "", help, std::move(value)});
}

Argument& Command::option(const std::string& names, const std::string& placeholder, Value value,
                          const std::string& help) {
  return arguments.emplace_back(Argument{names, placeholder, help, std::move(value)});
}

Argument& Command::positional(const std::string& placeholder, Value value,
                              const std::string& help) {
  return option(placeholder, placeholder, std::move(value), help);
}

}  // namespace kagent::ctl
