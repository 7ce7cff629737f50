internal import SQLite

extension JobTables {
  /// Times are microseconds since 1970, states the raw values of their enums.
  static let schema = Schema(
    applicationID: 0x6170_6A6F,  // "apjo"
    steps: [
      """
      CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        payload BLOB NOT NULL,  -- emptied when the job ends
        digest BLOB NOT NULL,   -- of the whole request
        state INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        claim INTEGER NOT NULL DEFAULT 0,
        lease INTEGER,          -- NULL unless running
        created INTEGER NOT NULL,
        started INTEGER,
        ended INTEGER,
        result BLOB,
        error_code TEXT,
        error_message TEXT,
        idempotency_key TEXT,
        webhook_url TEXT,
        webhook_host TEXT
      ) STRICT;
      CREATE INDEX jobs_by_owner ON jobs (owner, number);
      CREATE INDEX jobs_by_state ON jobs (state, owner, number);
      CREATE INDEX jobs_by_lease ON jobs (lease) WHERE lease IS NOT NULL;
      CREATE INDEX jobs_by_end ON jobs (ended) WHERE ended IS NOT NULL;
      CREATE INDEX jobs_by_key ON jobs (owner, idempotency_key)
        WHERE idempotency_key IS NOT NULL;

      CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        job INTEGER NOT NULL UNIQUE REFERENCES jobs (number) ON DELETE CASCADE,
        owner TEXT NOT NULL,
        url TEXT NOT NULL,
        host TEXT NOT NULL,
        body BLOB NOT NULL,     -- emptied when it was delivered
        state INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due INTEGER,            -- NULL unless pending
        lease INTEGER,          -- NULL unless a call is under way
        last_error TEXT NOT NULL DEFAULT '',
        created INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX deliveries_due ON deliveries (due) WHERE due IS NOT NULL;
      CREATE INDEX deliveries_by_lease ON deliveries (lease) WHERE lease IS NOT NULL;
      CREATE INDEX deliveries_by_state ON deliveries (state, owner, number);

      -- Receivers that answered 410.
      CREATE TABLE gone_receivers (
        owner TEXT NOT NULL,
        url TEXT NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (owner, url)
      ) STRICT, WITHOUT ROWID;

      -- What every owner's webhook secret is made from.
      CREATE TABLE signing_masters (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        master BLOB NOT NULL,
        retires INTEGER         -- NULL for the newest
      ) STRICT;
      """
    ])
}
