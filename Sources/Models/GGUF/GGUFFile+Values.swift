package import Bytes

// Metadata by type: an absent key gives nil, one of another type or out of range an error.
extension GGUFFile {
  package func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int? {
    guard let value = metadata[key] else { return nil }
    guard case .integer(let number) = value, let number = Int(exactly: number), range ~= number
    else {
      let found = if case .integer(let number) = value { "\(number)" } else { value.typeName }
      throw problem(
        "\(key) is \(found); an integer from \(range.lowerBound) to \(range.upperBound) is allowed")
    }
    return number
  }

  package func real(_ key: String, in range: ClosedRange<Double>) throws(ModelError) -> Double? {
    guard let value = metadata[key] else { return nil }
    guard case .real(let number) = value, range ~= number else {
      let found = if case .real(let number) = value { "\(number)" } else { value.typeName }
      throw problem(
        "\(key) is \(found); a real number from \(range.lowerBound) to \(range.upperBound) "
          + "is allowed")
    }
    return number
  }

  package func string(_ key: String) throws(ModelError) -> String? {
    guard let value = metadata[key] else { return nil }
    guard case .string(let text) = value else {
      throw problem("\(key) is \(value.typeName); it must be a string")
    }
    return text
  }

  package func boolean(_ key: String) throws(ModelError) -> Bool? {
    guard let value = metadata[key] else { return nil }
    guard case .boolean(let flag) = value else {
      throw problem("\(key) is \(value.typeName); it must be a boolean")
    }
    return flag
  }

  package func strings(_ key: String, limit: Int) throws(ModelError) -> PackedStrings? {
    guard let array = try array(key, of: [.string], limit: limit) else { return nil }
    guard array.region.count <= Int(UInt32.max) else {
      throw problem("\(key) has \(array.region.count) bytes; at most \(UInt32.max) are allowed")
    }
    var strings = PackedStrings()
    strings.reserveCapacity(strings: array.count, bytes: array.region.count - 8 * array.count)
    let bytes = array.region.bytes
    var reader = SpanReader(bytes)
    do throws(ReadError) {
      for _ in 0..<array.count {
        let length = try reader.integer("a length", as: UInt64.self)
        strings.append(bytes.extracting(try reader.skip(length, "a string")))
      }
    } catch { throw problem("\(key): \(error)") }
    return strings
  }

  package func floats(_ key: String, limit: Int) throws(ModelError) -> [Float]? {
    guard let array = try array(key, of: [.float32], limit: limit) else { return nil }
    var reader = SpanReader(array.region.bytes)
    var values: [Float] = []
    values.reserveCapacity(array.count)
    do throws(ReadError) {
      for _ in 0..<array.count { values.append(try reader.float("a value")) }
    } catch { throw problem("\(key): \(error)") }
    return values
  }

  package func integers(_ key: String, limit: Int) throws(ModelError) -> [Int32]? {
    guard let array = try array(key, of: [.int32, .uint32], limit: limit) else { return nil }
    var reader = SpanReader(array.region.bytes)
    var values: [Int32] = []
    values.reserveCapacity(array.count)
    do throws(ReadError) {
      for _ in 0..<array.count { values.append(try reader.integer("a value")) }
    } catch { throw problem("\(key): \(error)") }
    return values
  }

  private func array(
    _ key: String, of types: [GGUFType], limit: Int
  ) throws(ModelError) -> GGUFArray? {
    guard let value = metadata[key] else { return nil }
    guard case .array(let array) = value, types.contains(array.elementType) else {
      throw problem("\(key) is \(value.typeName); it must be an array of \(types[0])")
    }
    guard array.count <= limit else {
      throw problem("\(key) has \(array.count) elements; at most \(limit) are allowed")
    }
    return array
  }

  /// A well-formed value that makes no sense here.
  func problem(_ reason: String) -> ModelError {
    ModelError(.malformed, path, "GGUF: \(reason)")
  }
}
