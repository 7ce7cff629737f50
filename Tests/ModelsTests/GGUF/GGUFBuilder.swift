import Bytes

/// Writes GGUF files for tests; every field can be wrong on purpose.
struct GGUFBuilder {
  indirect enum Value {
    case uint8(UInt8)
    case uint32(UInt32)
    case int32(Int32)
    case uint64(UInt64)
    case float32(Float)
    case bool(UInt8)
    case string(String)
    case strings([String])
    case floats([Float])
    case integers([Int32])
    /// An array of arrays of nothing, this deep.
    case nested(Int)
    case raw(type: UInt32, [UInt8])
  }

  struct TensorEntry {
    var name: String
    /// In the file's order: innermost first.
    var dimensions: [UInt64]
    var type: UInt32 = 0
    /// nil places it after the one before.
    var offset: UInt64?
    var data: [UInt8]
  }

  var magic = Array("GGUF".utf8)
  var version: UInt32 = 3
  var entries: [(key: String, value: Value)] = []
  var tensors: [TensorEntry] = []
  var tensorCount: UInt64?
  var entryCount: UInt64?
  var alignment = 32

  /// Adds a tensor of 32-bit floats, its shape outermost first.
  mutating func add(_ name: String, _ shape: [Int], value: Float = 0) {
    var data: [UInt8] = []
    for _ in 0..<shape.reduce(1, *) { append(&data, value.bitPattern) }
    tensors.append(
      TensorEntry(name: name, dimensions: shape.reversed().map(UInt64.init), data: data))
  }

  func build() -> [UInt8] {
    var bytes = magic
    append(&bytes, version)
    append(&bytes, tensorCount ?? UInt64(tensors.count))
    append(&bytes, entryCount ?? UInt64(entries.count))
    for (key, value) in entries {
      append(&bytes, string: key)
      append(&bytes, value)
    }
    var offset: UInt64 = 0
    var data: [UInt8] = []
    for tensor in tensors {
      append(&bytes, string: tensor.name)
      append(&bytes, UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { append(&bytes, dimension) }
      append(&bytes, tensor.type)
      append(&bytes, tensor.offset ?? offset)
      data += tensor.data
      data += [UInt8](repeating: 0, count: padding(data.count))
      offset = UInt64(data.count)
    }
    return bytes + [UInt8](repeating: 0, count: padding(bytes.count)) + data
  }

  func file() -> MappedFile { MappedFile(contents: build(), name: "test.gguf") }

  private func padding(_ count: Int) -> Int { (alignment - count % alignment) % alignment }

  private func append(_ bytes: inout [UInt8], _ value: Value) {
    switch value {
    case .uint8(let value): tag(&bytes, 0) { append(&$0, value) }
    case .uint32(let value): tag(&bytes, 4) { append(&$0, value) }
    case .int32(let value): tag(&bytes, 5) { append(&$0, value) }
    case .float32(let value): tag(&bytes, 6) { append(&$0, value.bitPattern) }
    case .bool(let value): tag(&bytes, 7) { append(&$0, value) }
    case .string(let value): tag(&bytes, 8) { append(&$0, string: value) }
    case .uint64(let value): tag(&bytes, 10) { append(&$0, value) }
    case .strings(let values):
      array(&bytes, 8, values.count) { for value in values { append(&$0, string: value) } }
    case .floats(let values):
      array(&bytes, 6, values.count) { for value in values { append(&$0, value.bitPattern) } }
    case .integers(let values):
      array(&bytes, 5, values.count) { for value in values { append(&$0, value) } }
    case .nested(let depth):
      tag(&bytes, 9) { bytes in
        for _ in 1..<depth {
          append(&bytes, UInt32(9))
          append(&bytes, UInt64(1))
        }
        append(&bytes, UInt32(4))
        append(&bytes, UInt64(0))
      }
    case .raw(let type, let content): tag(&bytes, type) { $0 += content }
    }
  }

  private func tag(_ bytes: inout [UInt8], _ type: UInt32, _ body: (inout [UInt8]) -> Void) {
    append(&bytes, type)
    body(&bytes)
  }

  private func array(
    _ bytes: inout [UInt8], _ type: UInt32, _ count: Int, _ body: (inout [UInt8]) -> Void
  ) {
    append(&bytes, UInt32(9))
    append(&bytes, type)
    append(&bytes, UInt64(count))
    body(&bytes)
  }

  private func append(_ bytes: inout [UInt8], string: String) {
    append(&bytes, UInt64(string.utf8.count))
    bytes += string.utf8
  }

  private func append(_ bytes: inout [UInt8], _ value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

extension GGUFBuilder {
  /// A whole, tiny Llama: 2 layers, 8 wide, 2 heads of 4, 1 key and value head, 6 pieces.
  static func llama(tied: Bool = false) -> GGUFBuilder {
    var file = GGUFBuilder()
    file.entries = [
      ("general.architecture", .string("llama")),
      ("general.name", .string("tiny")),
      ("llama.block_count", .uint32(2)),
      ("llama.embedding_length", .uint32(8)),
      ("llama.attention.head_count", .uint32(2)),
      ("llama.attention.head_count_kv", .uint32(1)),
      ("llama.feed_forward_length", .uint32(12)),
      ("llama.context_length", .uint32(64)),
      ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)),
      ("llama.rope.dimension_count", .uint32(4)),
      ("tokenizer.ggml.model", .string("llama")),
      ("tokenizer.ggml.tokens", .strings(["<unk>", "<s>", "</s>", "\u{2581}a", "a", "b"])),
      ("tokenizer.ggml.scores", .floats([0, 0, 0, -1, -2, -3])),
      ("tokenizer.ggml.token_type", .integers([2, 3, 3, 1, 1, 1])),
    ]
    file.add("token_embd.weight", [6, 8])
    for layer in 0..<2 {
      file.add("blk.\(layer).attn_norm.weight", [8])
      file.add("blk.\(layer).attn_q.weight", [8, 8])
      file.add("blk.\(layer).attn_k.weight", [4, 8])
      file.add("blk.\(layer).attn_v.weight", [4, 8])
      file.add("blk.\(layer).attn_output.weight", [8, 8])
      file.add("blk.\(layer).ffn_norm.weight", [8])
      file.add("blk.\(layer).ffn_gate.weight", [12, 8])
      file.add("blk.\(layer).ffn_up.weight", [12, 8])
      file.add("blk.\(layer).ffn_down.weight", [8, 12])
    }
    file.add("output_norm.weight", [8])
    if !tied { file.add("output.weight", [6, 8]) }
    return file
  }

  /// Replaces, adds or (with nil) removes one metadata entry.
  mutating func set(_ key: String, _ value: Value?) {
    entries.removeAll { $0.key == key }
    if let value { entries.append((key, value)) }
  }
}
