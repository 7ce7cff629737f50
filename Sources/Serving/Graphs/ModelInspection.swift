internal import Bytes
internal import Compute
internal import Images
internal import Inference
internal import Models

/// What `apus inspect` tells of a graph without serving it.
package struct ModelInspection {
  package private(set) var lines: [String] = []
  /// All that keeps it from being served.
  package private(set) var problems: [String] = []

  /// - Parameter path: a model.onnx, the folder of a version, or that of a model, whose newest
  ///   version is meant.
  /// - Throws: where there is no graph.
  package init(path: String) throws {
    if path.hasSuffix(".onnx") {
      try self.init(file: path, folder: nil)
      return
    }
    let version = ModelFolder.newestVersion(in: path) ?? path
    guard case .graph(let file, let folder) = try ModelFolder.detect(version) else {
      throw ConfigurationError(
        file: version, "the model is no ONNX graph; `apus models --json` tells of a served one")
    }
    try self.init(file: file, folder: folder)
  }

  private init(file: String, folder: String?) throws {
    let read: ONNXModel
    do throws(ONNXError) {
      read = try ONNXModel(path: file)
    } catch {
      if error.problems.contains(where: { $0.code == .unreadable && $0.node.isEmpty }) {
        throw error
      }
      add("file", file)
      problems = error.texts
      return
    }
    describe(read, ModelFolder.graphs(beside: file, in: folder ?? Folder.parent(of: file)))
    do throws(ONNXError) {
      _ = try ONNXModel(path: file, support: OperatorRegistry.standard)
    } catch {
      problems = error.texts
      return
    }
    do {
      let plan = try GraphPlan(
        read, fusions: FusionOptions(processor: try Processor(threads: 1)))
      let traits = GraphTraits(read.graph)
      let signature = try GraphSignature(
        plan, declared: read.graph.outputs, classes: traits.classes.count)
      describe(signature)
      add("nodes", "\(read.graph.nodes.count), of which a run computes \(plan.stepCount)")
      try describe(signature, traits, folder)
    } catch {
      problems.append("\(error)")
    }
  }

  /// - Parameter others: names of graphs that lie beside it.
  private mutating func describe(_ model: ONNXModel, _ others: [String]) {
    let size = (try? MappedFile(path: model.path))?.count ?? 0
    add("file", "\(model.path), \(Quantity.rounded(bytes: size))")
    if !others.isEmpty { add("not taken", others.map(ONNXProblem.shown).joined(separator: ", ")) }
    let producer = [model.producer, model.producerVersion].filter { !$0.isEmpty }
    let program = producer.map(ONNXProblem.shown).joined(separator: " ")
    add("producer", program.isEmpty ? "unknown" : program)
    let sets = model.opsets.sorted { $0.key < $1.key }.map { name, version in
      "\(name.isEmpty ? "ai.onnx" : ONNXProblem.shown(name)) \(version)"
    }
    add("opsets", "\(sets.joined(separator: ", ")) (IR \(model.irVersion))")
    let traits = GraphTraits(model.graph)
    add("weights", "\(traits.parameters) numbers, mostly \(traits.weightType)")
    // Trees and linear models have no constants, but attributes.
    if traits.constantBytes > 0 {
      add("constants", "\(Quantity.rounded(bytes: traits.constantBytes)), weights and all others")
    }
    let counts = Dictionary(grouping: model.graph.nodes, by: \.qualifiedOperation)
      .mapValues(\.count).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let operators = counts.map { "\(ONNXProblem.shown($0.key)) \($0.value)" }
    add("operators", operators.joined(separator: ", "))
  }

  private mutating func describe(_ signature: GraphSignature) {
    for port in signature.inputs { add("input", port.shown(rows: signature.hasRows)) }
    for port in signature.outputs { add("output", port.shown(rows: signature.hasRows)) }
    add(
      "instance", signature.hasRows ? "one row of each input" : "the whole of each input")
  }

  private mutating func describe(
    _ signature: GraphSignature, _ traits: GraphTraits, _ folder: String?
  ) throws {
    guard let folder else { return }
    let model = Folder.parent(of: folder)
    let settings = try ModelDirectory.settings(model).graph.overridden(
      by: GraphSettings(folder: folder))
    let face = try GraphFace(
      signature, traits, version: folder, model: model, settings, images: ImageLimits())
    if settings.quantize == .dynamic {
      add("quantize", "dynamic: products and dense convolutions in floats become int8 on load")
    }
    add("takes", face.kinds)
    if let pictures = face.pictures { add("pictures", pictures.preparation.words) }
    add("answers", face.answers.words)
  }

  private mutating func add(_ title: String, _ text: String) {
    lines.append(title + String(repeating: " ", count: max(1, 11 - title.count)) + text)
  }
}

extension ONNXError {
  fileprivate var texts: [String] {
    problems.map(\.description) + (unlisted > 0 ? ["and \(unlisted) more"] : [])
  }
}

extension GraphAnswers {
  /// What callers get, in words.
  fileprivate var words: String {
    switch kind {
    case .classification: "a classification of \(labels.count) labels"
    case .embedding: "an embedding"
    case .values(let output):
      (isRegression ? "a regression: " : "the values of ") + ONNXProblem.shown(outputs[output])
    case .tensors: "tensors"
    }
  }
}
