import Bytes

/// Writes safetensors files for tests; the header can be anything.
struct SafetensorsBuilder {
  private var entries: [String] = []
  private var data: [UInt8] = []
  /// Takes the place of the header made of the tensors.
  var header: String?
  /// Takes the place of the header's length.
  var length: UInt64?

  /// Adds a tensor of 32-bit floats.
  mutating func add(_ name: String, _ shape: [Int], value: Float = 0) {
    var bytes: [UInt8] = []
    for _ in 0..<shape.reduce(1, *) {
      for shift in stride(from: 0, to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
      }
    }
    add(name, "F32", shape, bytes)
  }

  mutating func add(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
    let end = data.count + bytes.count
    entries.append(
      #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(data.count),\#(end)]}"#)
    data += bytes
  }

  func build() -> [UInt8] {
    let all = [#""__metadata__":{"format":"pt"}"#] + entries
    let text = Array((header ?? "{\(all.joined(separator: ","))}").utf8)
    let count = length ?? UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) } + text + data
  }

  func file() -> MappedFile { MappedFile(contents: build(), name: "test.safetensors") }
}
