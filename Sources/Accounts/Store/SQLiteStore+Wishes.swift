internal import SQLite

extension SQLiteStore: WishStore {
  static let wishes = """
    CREATE TABLE model_labels (
      model TEXT NOT NULL,
      label TEXT NOT NULL,
      version INTEGER NOT NULL,
      share REAL NOT NULL,
      PRIMARY KEY (model, label)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE model_versions (
      model TEXT NOT NULL,
      version INTEGER NOT NULL,
      wish TEXT NOT NULL CHECK (wish IN ('pinned', 'held out')),
      PRIMARY KEY (model, version)
    ) STRICT, WITHOUT ROWID;
    """

  package func wishes() throws(StoreError) -> [String: ModelWishes] {
    try use { connection throws(SQLiteError) in
      var wishes: [String: ModelWishes] = [:]
      let labels = try connection.statement(
        "SELECT model, label, version, share FROM model_labels"
      ).bind()
      while try labels.step() {
        wishes[labels[0], default: ModelWishes()].labels[labels[1]] =
          ModelWishes.Label(version: labels[2], share: labels[3])
      }
      let versions = try connection.statement("SELECT model, version, wish FROM model_versions")
        .bind()
      while try versions.step() {
        let wish: String = versions[2]
        let field = wish == "pinned" ? \ModelWishes.pinned : \ModelWishes.heldOut
        wishes[versions[0], default: ModelWishes()][keyPath: field].insert(versions[1])
      }
      return wishes
    }
  }

  package func keep(_ wishes: ModelWishes, of model: String) throws(StoreError) {
    try use { connection throws(SQLiteError) in
      try connection.database.transaction { () throws(SQLiteError) in
        try connection.replace(wishes, of: model)
      }
    }
  }
}

extension SQLiteStore.Connection {
  fileprivate func replace(_ wishes: ModelWishes, of model: String) throws(SQLiteError) {
    try statement("DELETE FROM model_labels WHERE model = ?").bind(model).run()
    try statement("DELETE FROM model_versions WHERE model = ?").bind(model).run()
    let label = try statement("INSERT INTO model_labels VALUES (?, ?, ?, ?)")
    for (name, target) in wishes.labels {
      try label.bind(model, name, target.version, target.share).run()
    }
    let version = try statement("INSERT INTO model_versions VALUES (?, ?, ?)")
    for number in wishes.heldOut { try version.bind(model, number, "held out").run() }
    for number in wishes.pinned.subtracting(wishes.heldOut) {
      try version.bind(model, number, "pinned").run()
    }
  }
}
