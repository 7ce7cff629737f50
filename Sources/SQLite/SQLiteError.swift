internal import CSQLite

/// What went wrong with which database, and what to do about it.
package struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// Another connection holds a lock for longer than the patience of this one. Try again.
    case busy
    /// The disk, or the quota on it, has no room. Try again when there is.
    case full
    /// The system could not read or write. Try again; a failing disk shows up so.
    case inputOutput
    case cannotOpen
    case readOnly
    case notADatabase
    /// The file is damaged.
    case corrupt
    /// Made by another program, or for another purpose.
    case foreign
    /// Made by a newer version of this program.
    case newerSchema
    /// A unique key, a foreign key or a check was violated.
    case constraint
    /// A wrong statement or a wrong use of one: a bug of ours.
    case misuse
  }

  package let kind: Kind
  /// SQLite's extended result code (https://www.sqlite.org/rescode.html); 0 where it has no part.
  package let code: Int32
  /// The file, or `:memory:`.
  package let path: String
  package let reason: String

  package init(kind: Kind, code: Int32 = 0, path: String, reason: String) {
    self.kind = kind
    self.code = code
    self.path = path
    self.reason = reason
  }

  init(code: Int32, path: String, reason: String) {
    self.init(kind: Self.kind(of: code), code: code, path: path, reason: reason)
  }

  /// Whether the same call may succeed later with nothing changed in between but the world.
  package var isTransient: Bool {
    switch kind {
    case .busy, .full, .inputOutput: true
    default: false
    }
  }

  package var description: String {
    let place = code == 0 ? path : "\(path) (SQLite code \(code))"
    return advice.isEmpty ? "\(place): \(reason)" : "\(place): \(reason); \(advice)"
  }

  private var advice: String {
    switch kind {
    case .busy: "another process is writing to it: end that one or try again"
    case .full: "free space on the disk that holds it"
    case .inputOutput: "see the system's log for errors of the disk that holds it"
    case .cannotOpen: "check that the folder exists and that this user may write to it"
    case .readOnly: "make the file and its folder writable for this user"
    case .notADatabase: "name another file, or move this one away"
    case .corrupt: "restore it from a backup, or save what can be read with sqlite3's .recover"
    case .foreign: "name another file"
    case .newerSchema: "run the newer version, or restore the file of before the upgrade"
    case .constraint, .misuse: ""
    }
  }

  private static func kind(of code: Int32) -> Kind {
    switch code & 0xff {
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .busy
    case SQLITE_FULL: .full
    case SQLITE_IOERR, SQLITE_NOMEM, SQLITE_INTERRUPT: .inputOutput
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: .cannotOpen
    case SQLITE_READONLY: .readOnly
    case SQLITE_NOTADB: .notADatabase
    case SQLITE_CORRUPT: .corrupt
    case SQLITE_CONSTRAINT: .constraint
    default: .misuse
    }
  }
}
