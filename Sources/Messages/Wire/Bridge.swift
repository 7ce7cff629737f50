internal import CMessages

/// What generated code reads out of protobuf-c's structures.
///
/// Paths are such as `apus.v1.PredictRequest.model`.
public enum Bridge {
  /// Text that must be UTF-8.
  public static func string(
    _ start: UnsafePointer<UInt8>?, _ count: Int, _ path: StaticString
  ) throws(DecodingError) -> String {
    guard let start = unsafe start, count > 0 else { return "" }
    // Four times as fast as String(validating:as:), which looks generic metadata up in each call.
    guard unsafe cm_is_utf8(start, count) else { throw error(.invalidUTF8, path, "is not UTF-8") }
    return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  public static func bytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    unsafe [UInt8](UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// Why a proto2 message without a required field is refused.
  public static func missing(_ path: StaticString) -> DecodingError {
    error(.malformed, path, "is required and missing")
  }

  @inlinable
  public static func scalars<Number>(_ list: UnsafePointer<Number>?, _ count: Int) -> [Number] {
    unsafe [Number](UnsafeBufferPointer(start: list, count: list == nil ? 0 : count))
  }

  public static func bools(_ list: UnsafePointer<Int32>?, _ count: Int) -> [Bool] {
    unsafe UnsafeBufferPointer(start: list, count: list == nil ? 0 : count).map { $0 != 0 }
  }

  @inlinable
  public static func enums<Value: OpenEnum>(
    _ list: UnsafePointer<Int32>?, _ count: Int
  ) -> [Value] {
    unsafe UnsafeBufferPointer(start: list, count: list == nil ? 0 : count)
      .map { Value(rawValue: $0) }
  }

  /// `list` points at `count` ProtobufCBinaryData.
  public static func strings(
    _ list: UnsafeRawPointer?, _ count: Int, _ path: StaticString
  ) throws(DecodingError) -> [String] {
    guard let list = unsafe list?.assumingMemoryBound(to: ProtobufCBinaryData.self) else {
      return []
    }
    var result: [String] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      result.append(try unsafe string(list[index].data, list[index].len, path))
    }
    return result
  }

  /// `list` points at `count` ProtobufCBinaryData.
  public static func byteStrings(_ list: UnsafeRawPointer?, _ count: Int) -> [[UInt8]] {
    guard let list = unsafe list?.assumingMemoryBound(to: ProtobufCBinaryData.self) else {
      return []
    }
    return (0..<count).map { unsafe bytes(list[$0].data, list[$0].len) }
  }

  @inlinable
  public static func messages<Element: BridgedMessage, Structure>(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<Structure>?>?, _ count: Int
  ) throws(DecodingError) -> [Element] {
    guard let list = unsafe list, count > 0 else { return [] }
    var result: [Element] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      guard let source = unsafe list[index] else { continue }
      result.append(try unsafe Element(bridging: source))
    }
    return result
  }

  /// Entries in the order of their keys.
  @inlinable
  public static func sorted<Key: Comparable, Value>(
    _ map: [Key: Value]
  ) -> [(key: Key, value: Value)] {
    map.sorted { $0.key < $1.key }
  }

  @inlinable
  public static func sorted<Value>(_ map: [Bool: Value]) -> [(key: Bool, value: Value)] {
    map.sorted { !$0.key && $1.key }
  }

  private static func error(
    _ code: DecodingError.Code, _ path: StaticString, _ reason: String
  ) -> DecodingError {
    let parts = "\(path)".split(separator: ".")
    return DecodingError(
      code, in: parts.dropLast().joined(separator: "."),
      "field \(parts.last ?? "") \(reason)")
  }
}
