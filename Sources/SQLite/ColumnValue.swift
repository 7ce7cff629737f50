internal import CSQLite

/// A type that can be a statement's parameter and a row's column.
package protocol ColumnValue {
  /// Binds the value to a parameter and answers SQLite's result code.
  @unsafe func bind(to parameter: ColumnSlot) -> Int32
  /// Reads a column of the current row.
  @unsafe init(column: ColumnSlot)
}

/// Tells SQLite to copy what it is given before the call returns.
private var copied: sqlite3_destructor_type {
  unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

extension Int64: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    unsafe sqlite3_bind_int64(parameter.statement, parameter.index, self)
  }
  @unsafe package init(column: ColumnSlot) {
    self = unsafe sqlite3_column_int64(column.statement, column.index)
  }
}

extension Int: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    unsafe Int64(self).bind(to: parameter)
  }
  @unsafe package init(column: ColumnSlot) { self = unsafe Int(Int64(column: column)) }
}

extension Bool: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    unsafe Int64(self ? 1 : 0).bind(to: parameter)
  }
  @unsafe package init(column: ColumnSlot) { self = unsafe Int64(column: column) != 0 }
}

extension Double: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    unsafe sqlite3_bind_double(parameter.statement, parameter.index, self)
  }
  @unsafe package init(column: ColumnSlot) {
    self = unsafe sqlite3_column_double(column.statement, column.index)
  }
}

extension String: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    unsafe sqlite3_bind_text64(
      parameter.statement, parameter.index, self, UInt64(utf8.count), copied, UInt8(SQLITE_UTF8))
  }
  @unsafe package init(column: ColumnSlot) {
    let text = unsafe sqlite3_column_text(column.statement, column.index)
    let count = unsafe sqlite3_column_bytes(column.statement, column.index)
    self = unsafe String(
      decoding: UnsafeBufferPointer(start: text, count: text == nil ? 0 : Int(count)),
      as: UTF8.self)
  }
}

extension [UInt8]: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    isEmpty
      ? unsafe sqlite3_bind_zeroblob(parameter.statement, parameter.index, 0)
      : unsafe sqlite3_bind_blob64(
        parameter.statement, parameter.index, self, UInt64(count), copied)
  }
  @unsafe package init(column: ColumnSlot) {
    let bytes = unsafe sqlite3_column_blob(column.statement, column.index)
    let count = unsafe sqlite3_column_bytes(column.statement, column.index)
    self = unsafe Array(
      UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(count)))
  }
}

extension Optional: ColumnValue where Wrapped: ColumnValue {
  @unsafe package func bind(to parameter: ColumnSlot) -> Int32 {
    switch self {
    case .some(let value): unsafe value.bind(to: parameter)
    case .none: unsafe sqlite3_bind_null(parameter.statement, parameter.index)
    }
  }
  @unsafe package init(column: ColumnSlot) {
    let isNull = unsafe sqlite3_column_type(column.statement, column.index) == SQLITE_NULL
    self = isNull ? nil : unsafe Wrapped(column: column)
  }
}
