#pragma once

#include <array>
#include <cstdint>

// The tables as they were first, and every change since. A change that was released stands.
namespace kagent::coordinator::sqlite {

// Of version 1.
inline constexpr char schema[] = R"sql(
CREATE TABLE cluster (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  schema_version INTEGER NOT NULL,
  cluster_id TEXT NOT NULL,
  initialized_by TEXT NOT NULL DEFAULT '',
  api_server TEXT NOT NULL DEFAULT '',
  ca_certificates TEXT NOT NULL DEFAULT '',
  lease_holder TEXT NOT NULL DEFAULT '',
  lease_fence INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE nodes (
  id TEXT PRIMARY KEY,
  key_sha256 TEXT NOT NULL,
  enrol_order INTEGER NOT NULL UNIQUE,
  name TEXT NOT NULL,
  wanted INTEGER NOT NULL,
  role INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  assignment_serial INTEGER NOT NULL,
  assignment_digest TEXT NOT NULL,
  reset_fence INTEGER NOT NULL,
  reset_serial INTEGER NOT NULL,
  init_failed INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  was_ready INTEGER NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  report BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE TABLE enrolment_tokens (sha256 TEXT PRIMARY KEY) STRICT;
)sql";

inline constexpr char schema_2[] = R"sql(
ALTER TABLE nodes ADD COLUMN leave_stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_remove INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_force INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_rejoin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_reset_serial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_reset_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_drain_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_problem TEXT NOT NULL DEFAULT '';
)sql";

inline constexpr char schema_3[] =
    "ALTER TABLE nodes ADD COLUMN barred_key TEXT NOT NULL DEFAULT '';";

// What leads from a version to the next: the first from 1.
inline constexpr char schema_4[] = R"sql(
ALTER TABLE nodes ADD COLUMN role_fixed INTEGER NOT NULL DEFAULT 0;
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  role INTEGER NOT NULL,
  uses_left INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL
) STRICT;
)sql";

// Who had joined was let in under its name, and who was removed may still have a Node.
inline constexpr char schema_5[] = R"sql(
ALTER TABLE nodes ADD COLUMN name_bound INTEGER NOT NULL DEFAULT 0;
UPDATE nodes SET name_bound = (joined OR leave_remove) WHERE name <> '';
)sql";

inline constexpr std::array migrations{schema_2, schema_3, schema_4, schema_5};
inline constexpr std::int64_t schema_version = 1 + std::int64_t{migrations.size()};

}  // namespace kagent::coordinator::sqlite
