internal import CJansson

/// JSON text (RFC 8259) parsed by jansson, held as its tree and read through `JSONValue`.
///
/// Text is UTF-8 without a byte order mark; doubled keys of an object are refused.
///
/// `@unchecked Sendable`: the tree is built before init returns, only read after, and freed with
/// the document.
@safe
package final class JSONDocument: @unchecked Sendable {
  /// Bounds on what a text may make the parser do.
  package struct Limits: Sendable {
    /// Largest text in bytes.
    package var bytes: Int
    /// Deepest nesting of arrays and objects.
    package var depth: Int
    /// Most values; a value takes up to 100 bytes of memory whatever its text.
    package var values: Int

    package init(bytes: Int = 64 << 20, depth: Int = 32, values: Int = 4 << 20) {
      self.bytes = bytes
      self.depth = depth
      self.values = values
    }
  }

  fileprivate let tree: UnsafeMutablePointer<json_t>

  /// Parses one JSON text.
  ///
  /// - Throws: what is wrong, with line and column.
  package init(_ text: RawSpan, limits: Limits = Limits()) throws(JSONError) {
    guard text.byteCount > 0 else { throw JSONError("the text is empty", line: 1, column: 1) }
    guard text.byteCount <= limits.bytes else {
      throw JSONError("the text has \(text.byteCount) bytes; at most \(limits.bytes) are allowed")
    }
    try checkExtent(of: text, limits: limits)
    var problem = json_error_t()
    let flags = Int(JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)
    let tree = unsafe text.withUnsafeBytes { text in
      unsafe json_loadb(
        text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, flags, &problem)
    }
    guard let tree = unsafe tree else {
      let reason = unsafe withUnsafeBytes(of: &problem.text) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw JSONError(reason, line: Int(problem.line), column: Int(problem.column))
    }
    unsafe self.tree = tree
  }

  package convenience init(_ text: String, limits: Limits = Limits()) throws(JSONError) {
    let bytes = Array(text.utf8)
    try unsafe self.init(bytes.span.bytes, limits: limits)
  }

  deinit { unsafe json_decref(tree) }

  /// The outermost value.
  package var root: JSONValue { unsafe JSONValue(document: self, node: tree) }
}

/// Why a text is not the JSON that was asked for.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  package let reason: String
  /// From 1; zero where no place in the text is to blame.
  package let line: Int
  package let column: Int

  package init(_ reason: String, line: Int = 0, column: Int = 0) {
    self.reason = reason
    self.line = line
    self.column = column
  }

  package var description: String {
    line == 0 ? reason : "line \(line), column \(column): \(reason)"
  }
}
