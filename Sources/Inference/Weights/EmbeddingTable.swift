import Bytes
import Compute
import Models

/// One stored row for each id, in memory of its own, so that the model's file can be unmapped.
struct EmbeddingTable: Sendable {
  private enum Storage {
    /// Rows one after the other.
    case rows([UInt8], WeightType)
    /// The outputs of a matrix that is held anyway.
    case shared(PackedMatrix)
  }

  let rows: Int
  let columns: Int
  private let storage: Storage

  /// Bytes of its own: none where it shares a matrix.
  var byteCount: Int {
    switch storage {
    case .rows(let bytes, _): bytes.count
    case .shared: 0
    }
  }

  /// The rows of a matrix that keeps them as they were stored.
  init(sharing matrix: PackedMatrix) {
    precondition(matrix.storedType != nil)
    rows = matrix.outputs
    columns = matrix.inputs
    storage = .shared(matrix)
  }

  /// A table that keeps the tensor's bytes as they are.
  init(copying tensor: Tensor) throws(InferenceError) {
    let (rows, columns) = try Self.shape(tensor)
    let type = try tensor.weightType()
    let bytes = unsafe tensor.region.bytes.withUnsafeBytes { unsafe Array($0) }
    self.init(rows: rows, columns: columns, type: type, bytes: bytes)
  }

  /// A table of Q8_0 rows made of a float tensor: a quarter of its memory. Rows that are no whole
  /// number of blocks are copied instead.
  init(compressing tensor: Tensor, _ processor: Processor) throws(InferenceError) {
    let stored = try tensor.weightType()
    let (rows, columns) = try Self.shape(tensor)
    guard stored != .q8_0, columns % WeightType.q8_0.blockLength == 0 else {
      try self.init(copying: tensor)
      return
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows * WeightType.q8_0.rowBytes(columns))
    let chunk = FloatRows()
    let source = tensor.region.bytes
    for first in stride(from: 0, to: rows, by: 1024) {
      let ids = (first..<min(rows, first + 1024)).map { Int32($0) }
      do throws(ComputeError) {
        try processor.embed(ids, table: source, as: stored, columns: columns, into: chunk)
      } catch {
        throw InferenceError(.invalidModel, "tensor \(tensor.name): \(error)")
      }
      processor.appendBlocks(of: chunk, to: &bytes)
    }
    self.init(rows: rows, columns: columns, type: .q8_0, bytes: bytes)
  }

  private init(rows: Int, columns: Int, type: WeightType, bytes: [UInt8]) {
    self.rows = rows
    self.columns = columns
    storage = .rows(bytes, type)
  }

  /// A table of floats, one row after the other.
  init(_ values: [Float], columns: Int) {
    let bytes = unsafe values.span.bytes.withUnsafeBytes { unsafe Array($0) }
    self.init(rows: values.count / columns, columns: columns, type: .f32, bytes: bytes)
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
      case .rows(let bytes, let type):
        try processor.embed(
          ids, table: unsafe bytes.span.bytes, as: type, columns: columns, into: output,
          adding: adding)
      case .shared(let matrix):
        try processor.embed(ids, rowsOf: matrix, into: output, adding: adding)
      }
    } catch {
      throw InferenceError(.invalidInput, "\(error)")
    }
  }
}
