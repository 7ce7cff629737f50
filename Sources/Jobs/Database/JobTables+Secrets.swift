internal import SQLite
internal import Time

extension JobTables {
  /// Masters that still sign, the newest first.
  func masters(at time: UnixTime) throws(SQLiteError) -> [[UInt8]] {
    let statement = try statement(
      """
      SELECT master FROM signing_masters WHERE retires IS NULL OR retires > ?
        ORDER BY number DESC LIMIT 4
      """
    ).bind(time.microseconds)
    var masters: [[UInt8]] = []
    while try statement.step() { masters.append(statement[0]) }
    return masters
  }

  /// The same, and `first` where there is none yet: two processes that ask at once get one answer.
  func masters(at time: UnixTime, first: [UInt8]) throws(SQLiteError) -> [[UInt8]] {
    try database.transaction { () throws(SQLiteError) in
      let masters = try masters(at: time)
      guard masters.isEmpty else { return masters }
      try statement("INSERT INTO signing_masters (master) VALUES (?)").bind(first).run()
      return [first]
    }
  }

  /// Lets the masters so far retire at that time, if they do not before, and puts a new one in
  /// their place.
  func replaceMaster(
    with master: [UInt8], retiringAt retirement: UnixTime, at time: UnixTime
  ) throws(SQLiteError) {
    try database.transaction { () throws(SQLiteError) in
      try statement("DELETE FROM signing_masters WHERE retires <= ?").bind(time.microseconds).run()
      try statement("UPDATE signing_masters SET retires = min(coalesce(retires, ?1), ?1)")
        .bind(retirement.microseconds).run()
      try statement("INSERT INTO signing_masters (master) VALUES (?)").bind(master).run()
    }
  }
}
