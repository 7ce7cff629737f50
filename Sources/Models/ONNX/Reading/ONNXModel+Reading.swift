package import Bytes

extension ONNXModel {
  /// Versions that are read.
  package static let irVersions = 3...14
  /// Operator sets that are known, with their versions. A file may import others that it does not
  /// use.
  package static let opsets = ["": 7...28, "ai.onnx.ml": 1...5, "com.microsoft": 1...1]

  /// Bounds on what a file may hold.
  package enum Limit {
    /// In all graphs together, those of functions as often as they are called.
    package static let nodes = 1 << 17
    package static let attributes = 256
    /// Of graphs within nodes of graphs.
    package static let depth = 16
    /// Of functions that call functions.
    package static let calls = 16
    package static let rank = 8
    package static let externalFiles = 4096
  }

  /// Reads a model and checks it; the weights stay in the mapped file and its external data.
  ///
  /// - Throws: all that is wrong at once, as far as it can be told.
  package init(
    path: String, support: some ONNXSupport = ONNXEverything()
  ) throws(ONNXError) {
    let file: MappedFile
    do throws(ModelError) {
      file = try map(path)
    } catch {
      var problems = ONNXError(path: path)
      problems.add(ONNXProblem(error.code, error.reason))
      throw problems
    }
    try self.init(file, support: support)
  }

  package init(
    _ file: MappedFile, support: some ONNXSupport = ONNXEverything()
  ) throws(ONNXError) {
    var parser = ONNXParser(file)
    let read: ONNXModel
    do throws(ONNXProblem) {
      read = try parser.model()
    } catch {
      parser.error.add(error)
      throw parser.error
    }
    let isWhole = parser.error.isEmpty
    var check = SupportCheck(support: support, error: parser.error)
    check.graph(read.graph, isMain: true)
    // Of a graph with holes it would say that their values are missing.
    guard isWhole else { throw check.error }
    var resolver = GraphResolver(error: check.error)
    let graph = resolver.resolve(read.graph, isMain: true)
    try resolver.error.throwIfAny()
    self.init(
      path: read.path, irVersion: read.irVersion, opsets: read.opsets, producer: read.producer,
      producerVersion: read.producerVersion, metadata: read.metadata, graph: graph)
  }
}
