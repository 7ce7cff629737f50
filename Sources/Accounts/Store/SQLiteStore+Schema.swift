internal import SQLite

// Times are microseconds since 1970, UTC; days count from then, months from the year 0; digests
// are SHA-256. Usage figures stand twice: for each key, and for all together, so that a report
// reads few rows however many keys and requests there are. Rows of usage have no index, as each
// would cost every request: they are only added at the end, and forgotten from the beginning.

extension SQLiteStore {
  static let schema = Schema(
    applicationID: 0x6170_7573,  // "apus"
    steps: [keys + keyVersion + usage, wishes])

  private static let keys = """
    CREATE TABLE keys (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      digest BLOB NOT NULL,
      previous_digest BLOB,
      previous_until INTEGER,
      owner TEXT NOT NULL,
      email TEXT NOT NULL,
      created INTEGER NOT NULL,
      expires INTEGER,
      revoked INTEGER,
      is_admin INTEGER NOT NULL,
      all_models INTEGER NOT NULL,
      own_limits INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE key_models (
      key TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
      model TEXT NOT NULL,
      PRIMARY KEY (key, model)
    ) STRICT, WITHOUT ROWID;
    -- The limits of the key as a whole have an empty model.
    CREATE TABLE key_limits (
      key TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
      model TEXT NOT NULL,
      requests INTEGER,
      window INTEGER NOT NULL,
      tokens_per_minute INTEGER,
      concurrent INTEGER,
      monthly_requests INTEGER,
      monthly_tokens INTEGER,
      PRIMARY KEY (key, model)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE key_version (version INTEGER NOT NULL) STRICT;
    INSERT INTO key_version VALUES (1);

    """

  /// Whoever changes a key, by whatever program, changes the version too.
  private static let keyVersion = ["keys", "key_models", "key_limits"].flatMap { table in
    ["INSERT", "UPDATE", "DELETE"].map { event in
      """
      CREATE TRIGGER \(table)_\(event.lowercased()) AFTER \(event) ON \(table) BEGIN
        UPDATE key_version SET version = version + 1;
      END;

      """
    }
  }.joined()

  private static let usage = """
    -- Keys, models and endpoints: text that stands in many rows, by its number. No foreign keys:
    -- their checks would double what a row costs.
    CREATE TABLE names (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE usage (
      number INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      key INTEGER NOT NULL,
      model INTEGER NOT NULL,
      version INTEGER NOT NULL,
      endpoint INTEGER NOT NULL,
      latency INTEGER NOT NULL,
      status INTEGER NOT NULL,
      instances INTEGER NOT NULL,
      tokens_in INTEGER NOT NULL,
      tokens_out INTEGER NOT NULL,
      cached INTEGER NOT NULL,
      request_id TEXT NOT NULL
    ) STRICT;
    -- The same for people.
    CREATE VIEW requests AS
      SELECT usage.number, strftime('%Y-%m-%d %H:%M:%f', time / 1e6, 'unixepoch') AS time,
        keys.name AS key, models.name AS model, version, endpoints.name AS endpoint,
        latency / 1000.0 AS latency_ms, status, instances, tokens_in, tokens_out, cached,
        request_id
      FROM usage JOIN names keys ON keys.number = key JOIN names models ON models.number = model
        JOIN names endpoints ON endpoints.number = endpoint;
    -- Key 0 stands for all keys together.
    CREATE TABLE usage_figures (
      key INTEGER NOT NULL,
      day INTEGER NOT NULL,
      model INTEGER NOT NULL,
      requests INTEGER NOT NULL,
      successes INTEGER NOT NULL,
      latency INTEGER NOT NULL,
      instances INTEGER NOT NULL,
      tokens_in INTEGER NOT NULL,
      tokens_out INTEGER NOT NULL,
      cached INTEGER NOT NULL,
      PRIMARY KEY (key, day, model)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX usage_figures_day ON usage_figures (day);
    -- The last row of usage that is in the figures.
    CREATE TABLE usage_state (figured INTEGER NOT NULL) STRICT;
    INSERT INTO usage_state VALUES (0);
    -- How many latencies, in nanoseconds, fell into a bucket of Metrics.Histogram.
    CREATE TABLE usage_latencies (
      key INTEGER NOT NULL,
      day INTEGER NOT NULL,
      model INTEGER NOT NULL,
      bucket INTEGER NOT NULL,
      requests INTEGER NOT NULL,
      PRIMARY KEY (key, day, model, bucket)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX usage_latencies_day ON usage_latencies (day);
    CREATE TABLE usage_gaps (
      number INTEGER PRIMARY KEY,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      requests INTEGER NOT NULL,
      tokens_in INTEGER NOT NULL,
      tokens_out INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE usage_positions (
      journal INTEGER PRIMARY KEY,
      position INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE quotas (
      month INTEGER NOT NULL,
      key TEXT NOT NULL,
      model TEXT NOT NULL,
      requests INTEGER NOT NULL,
      tokens INTEGER NOT NULL,
      PRIMARY KEY (month, key, model)
    ) STRICT, WITHOUT ROWID;
    """
}
