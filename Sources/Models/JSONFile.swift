internal import Bytes
internal import JSON

/// A small JSON file beside the weights, read by key with types and ranges checked.
struct JSONFile {
  let path: String
  let root: JSONValue

  /// Settings are a few KB; a file far larger is something else.
  private static let limits = JSONDocument.Limits(bytes: 4 << 20, depth: 32, values: 1 << 18)

  init(path: String) throws(ModelError) {
    try self.init(map(path))
  }

  init(_ file: MappedFile) throws(ModelError) {
    path = file.path
    do throws(JSONError) {
      root = try JSONDocument(file.bytes, limits: Self.limits).root
    } catch { throw ModelError(.malformed, file.path, "\(error)") }
  }

  /// nil where there is no such file.
  static func ifPresent(path: String) throws(ModelError) -> JSONFile? {
    let file: MappedFile
    do throws(FileError) {
      file = try MappedFile(path: path)
    } catch {
      if error.isMissing { return nil }
      throw ModelError(.unreadable, path, error.explanation)
    }
    return try JSONFile(file)
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int? {
    guard let value = root[key], !value.isNull else { return nil }
    guard let number = value.integer, range ~= number else {
      throw problem(
        "\"\(key)\" must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func required(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    guard let number = try integer(key, in: range) else { throw problem("\"\(key)\" is missing") }
    return number
  }

  func number(_ key: String, in range: ClosedRange<Double>) throws(ModelError) -> Double? {
    guard let value = root[key], !value.isNull else { return nil }
    guard let number = value.number, range ~= number else {
      throw problem(
        "\"\(key)\" must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func string(_ key: String) throws(ModelError) -> String? {
    guard let value = root[key], !value.isNull else { return nil }
    guard let text = value.string else { throw problem("\"\(key)\" must be a string") }
    return text
  }

  func boolean(_ key: String) throws(ModelError) -> Bool? {
    guard let value = root[key], !value.isNull else { return nil }
    guard let flag = value.boolean else { throw problem("\"\(key)\" must be true or false") }
    return flag
  }

  func problem(_ reason: String) -> ModelError { ModelError(.malformed, path, reason) }
  func unsupported(_ reason: String) -> ModelError { ModelError(.unsupported, path, reason) }
}
