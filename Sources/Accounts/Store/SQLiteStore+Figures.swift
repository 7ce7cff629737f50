internal import SQLite
internal import Time

// usage      1 2 3 … ──────────── figured │ … newest
//            in usage_figures             │ in memory of the writing connection,
//            and usage_latencies          │ and read from the rows by everybody else
//
// Figures of many keys are many rows, so they are not written with each batch but with each so
// many, for all records since the last time. `figured` is changed in the same transaction: whoever
// adds the rows after it to the figures knows everything, after a kill too.

/// Figures of the rows after `figured` up to `last`.
struct UnsavedFigures {
  var figures = UsageFigures()
  var figured: Int
  var last: Int
  var batches = 0

  /// One busy second, or as many records as make it worth while.
  var isDue: Bool { batches >= 40 || figures.count >= 8192 }
}

extension SQLiteStore.Connection {
  /// The figures of rows that are not in the tables of figures.
  func unfigured() throws(SQLiteError) -> UsageFigures {
    var figures = UsageFigures()
    let rows = try statement(
      """
      SELECT time, keys.name, models.name, latency, status, instances, tokens_in, tokens_out, cached
      FROM usage JOIN names keys ON keys.number = key JOIN names models ON models.number = model
      WHERE usage.number > (SELECT figured FROM usage_state) ORDER BY usage.number
      """
    ).bind()
    while try rows.step() {
      figures.add(
        UsageRecord(
          key: KeyID(rows[1]) ?? .anonymous, model: rows[2], endpoint: "",
          time: UnixTime(microseconds: rows[0]), latency: .microseconds(rows[3] as Int64),
          status: rows[4], instances: rows[5], tokensIn: rows[6], tokensOut: rows[7],
          cached: rows[8]))
    }
    return figures
  }

  /// The figures that this connection holds, if they are of all rows and no others, or as the rows
  /// tell them; it then holds none.
  func takeUnsaved() throws(SQLiteError) -> UnsavedFigures {
    let state = try statement(
      "SELECT figured, ifnull((SELECT max(number) FROM usage), 0) FROM usage_state"
    ).bind()
    defer { state.reset() }
    _ = try state.step()
    let figured: Int = state[0]
    let last: Int = state[1]
    defer { unsaved = nil }
    if let unsaved, unsaved.figured == figured, unsaved.last == last { return unsaved }
    return UnsavedFigures(figures: try unfigured(), figured: figured, last: last)
  }

  /// Writes the figures and begins new ones.
  func save(_ unsaved: inout UnsavedFigures) throws(SQLiteError) {
    unsaved.figures.gather()
    var all: [UsageFigures.Group: UsageSums] = [:]
    for (group, sums) in unsaved.figures.groups {
      try add(sums, key: number(ofName: "\(group.key)"), group)
      let everybody = UsageFigures.Group(key: .anonymous, day: group.day, model: group.model)
      all[everybody, default: UsageSums()].add(sums)
    }
    for (group, sums) in all { try add(sums, key: 0, group) }
    try statement("UPDATE usage_state SET figured = ?").bind(unsaved.last).run()
    unsaved = UnsavedFigures(figured: unsaved.last, last: unsaved.last)
  }

  private func add(
    _ sums: UsageSums, key: Int, _ group: UsageFigures.Group
  ) throws(SQLiteError) {
    let model = try number(ofName: group.model.cut)
    try statement(
      """
      INSERT INTO usage_figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
        successes = successes + excluded.successes, latency = latency + excluded.latency,
        instances = instances + excluded.instances, tokens_in = tokens_in + excluded.tokens_in,
        tokens_out = tokens_out + excluded.tokens_out, cached = cached + excluded.cached
      """
    ).bind(
      key, group.day.number, model, sums.requests, sums.successes, sums.latency, sums.instances,
      sums.tokensIn, sums.tokensOut, sums.cached
    ).run()
    let latencies = try statement(
      """
      INSERT INTO usage_latencies VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET requests = requests + excluded.requests
      """)
    for (bucket, requests) in sums.buckets {
      try latencies.bind(key, group.day.number, model, bucket, requests).run()
    }
  }
}
