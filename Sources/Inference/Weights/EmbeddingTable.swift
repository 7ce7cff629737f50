internal import Bytes
internal import Compute
internal import Models

/// One stored row for each id, in memory of its own, so that the model's file can be unmapped.
struct EmbeddingTable: Sendable {
  private enum Storage {
    case rows(StoredRows)
    /// The outputs of a matrix that is held anyway.
    case shared(PackedMatrix)
  }

  private let storage: Storage

  /// Bytes of its own: none where it shares a matrix.
  var byteCount: Int {
    switch storage {
    case .rows(let table): table.byteCount
    case .shared: 0
    }
  }

  private init(_ storage: Storage) { self.storage = storage }

  /// The rows of a matrix that keeps them as they were stored.
  init(sharing matrix: PackedMatrix) {
    precondition(matrix.storedType != nil)
    self.init(.shared(matrix))
  }

  /// A table that keeps the tensor's bytes as they are.
  init(copying tensor: Tensor, in arena: SlabArena) throws(InferenceError) {
    let (rows, columns) = try Self.shape(tensor)
    let type = try tensor.weightType()
    self.init(
      try Self.table(tensor.name) { () throws(ComputeError) in
        let table = try StoredRows(rows: rows, columns: columns, type: type, in: arena)
        try table.append(tensor.region.bytes)
        return table
      })
  }

  /// A table of Q8_0 rows made of a float tensor: a quarter of its memory. Rows that are no whole
  /// number of blocks are copied instead.
  init(
    compressing tensor: Tensor, _ processor: Processor, in arena: SlabArena
  ) throws(InferenceError) {
    let stored = try tensor.weightType()
    let (rows, columns) = try Self.shape(tensor)
    guard stored != .q8_0, columns % WeightType.q8_0.blockLength == 0 else {
      try self.init(copying: tensor, in: arena)
      return
    }
    let source = tensor.region.bytes
    self.init(
      try Self.table(tensor.name) { () throws(ComputeError) in
        let table = try StoredRows(rows: rows, columns: columns, type: .q8_0, in: arena)
        let chunk = FloatRows()
        var blocks: [UInt8] = []
        for first in stride(from: 0, to: rows, by: 1024) {
          let ids = (first..<min(rows, first + 1024)).map { Int32($0) }
          try processor.embed(ids, table: source, as: stored, columns: columns, into: chunk)
          // A block's scale would not show what is no number.
          guard WeightType.f32.isFinite(unsafe chunk.values.bytes) else { throw .notFinite }
          blocks.removeAll(keepingCapacity: true)
          processor.appendBlocks(of: chunk, to: &blocks)
          try table.append(unsafe blocks.span.bytes)
        }
        return table
      })
  }

  /// A table of floats, one row after the other.
  ///
  /// - Parameter name: what it was made of, for errors.
  init(
    _ values: [Float], columns: Int, name: String, in arena: SlabArena
  ) throws(InferenceError) {
    self.init(
      try Self.table(name) { () throws(ComputeError) in
        let table = try StoredRows(
          rows: values.count / columns, columns: columns, type: .f32, in: arena)
        try table.append(unsafe values.span.bytes)
        return table
      })
  }

  private static func table(
    _ name: String, _ make: () throws(ComputeError) -> StoredRows
  ) throws(InferenceError) -> Storage {
    do throws(ComputeError) {
      return .rows(try make())
    } catch {
      throw InferenceError(.invalidModel, "tensor \(name): \(error)")
    }
  }

  private static func shape(_ tensor: Tensor) throws(InferenceError) -> (rows: Int, columns: Int) {
    guard tensor.shape.count == 2, tensor.shape[1] > 0 else {
      throw InferenceError(
        .invalidModel, "tensor \(tensor.name) has the shape \(tensor.shape); two are needed")
    }
    return (tensor.shape[0], tensor.shape[1])
  }

  /// Writes (or adds) the rows of `ids` to `output`, [ids × columns].
  func look(
    up ids: [Int32], into output: FloatRows, adding: Bool = false, _ processor: Processor
  ) throws(InferenceError) {
    do throws(ComputeError) {
      switch storage {
      case .rows(let table):
        try processor.embed(
          ids, table: table.bytes, as: table.type, columns: table.columns, into: output,
          adding: adding)
      case .shared(let matrix):
        try processor.embed(ids, rowsOf: matrix, into: output, adding: adding)
      }
    } catch {
      throw InferenceError(.invalidInput, "\(error)")
    }
  }
}
