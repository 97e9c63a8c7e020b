// A commit that takes several transactions of etcd: written to redo/, decided, carried out.
#include "coordinator/store/etcd_space.hpp"
#include "kagent/v1/stored.pb.h"

#include <charconv>

namespace kagent::coordinator::etcd {
namespace {

constexpr char folder[] = "redo/";
constexpr char decided[] = "redo/decided";  // the number of parts

std::string part_name(std::size_t number) {
  return folder + std::to_string(number);
}

}  // namespace

Result<> Space::must(const Change& change) {
  const auto done = submit(change);
  if (!done) return done.error();
  // The write depends on nothing but the leader's key, which is ours.
  if (!*done) return Error(Errc::internal, "etcd refuses a write that has no condition");
  return {};
}

Result<bool> Space::commit_in_parts(const std::vector<Change>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    v1::StoredRedo redo;
    for (const auto& [name, value] : parts[i].writes) {
      v1::StoredRedo::Write& write = *redo.add_writes();
      write.set_name(name);
      write.set_erase(!value);
      if (value) write.set_value(*value);
    }
    Change step{parts[i].reads, {{part_name(i), redo.SerializeAsString()}}};
    if (i + 1 == parts.size()) {
      step.writes[decided] = std::to_string(parts.size());
      // From here on only read() can find out what was written.
      undecided_ = Error(Errc::unavailable, "the last commit was interrupted");
    }
    const auto written = submit(step);
    if (!written) return written;
    if (!*written) {
      undecided_.reset();
      return false;
    }
  }
  for (const Change& part : parts) {
    Change step{{}, part.writes};
    if (&part == &parts.back()) step.writes[decided] = std::nullopt;
    if (auto done = must(step); !done) return done.error();
  }
  undecided_.reset();
  Change rest;
  for (std::size_t i = 0; i < parts.size(); ++i) rest.writes[part_name(i)] = std::nullopt;
  for (const Change& some : split(rest))
    if (auto done = must(some); !done) return done.error();
  return true;
}

// Runs when the next leader starts. A commit that was not decided has not happened.
Result<> Space::redo() {
  std::map<std::string, std::string> parts;
  const auto found = scan(folder, [&](std::string name, std::string value) -> Result<> {
    parts[std::move(name)] = std::move(value);
    return {};
  });
  if (!found) return found;
  const auto decision = parts.find(decided);
  if (decision == parts.end()) return {};
  std::size_t count = 0;
  const std::string& text = decision->second;
  std::from_chars(text.data(), text.data() + text.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    v1::StoredRedo redo;
    const auto part = parts.find(part_name(i));
    if (part == parts.end() || !redo.ParseFromString(part->second))
      return Error(Errc::data_loss, "a part of its last commit is missing");
    Writes writes;
    for (const v1::StoredRedo::Write& write : redo.writes())
      writes[write.name()] = write.erase() ? std::nullopt : std::optional(write.value());
    if (auto done = must({{}, std::move(writes)}); !done) return done;
  }
  return must({{}, {{decided, std::nullopt}}});
}

}  // namespace kagent::coordinator::etcd
