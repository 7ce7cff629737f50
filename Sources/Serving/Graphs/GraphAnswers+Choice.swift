internal import Inference
internal import Models

extension GraphAnswers {
  /// Decides by what model.yaml says, by names of outputs, and by what is beside the model.
  ///
  /// - Parameters:
  ///   - pooling: what is made of a vector for each token; `none` for models that take no text.
  ///   - takesPictures: a picture's numbers are mostly classes.
  /// - Throws: where labels and scores are not as many.
  init(
    _ signature: GraphSignature, _ traits: GraphTraits, _ files: GraphFiles,
    task: GraphSettings.Task?, pooling: Pooling, takesPictures: Bool
  ) throws(ConfigurationError) {
    let choice = Choice(
      outputs: signature.outputs, traits: traits, files: files, pooling: pooling,
      takesPictures: takesPictures)
    outputs = signature.outputs.map(\.name)
    kind = try choice.kind(task)
    if case .values(let output) = kind {
      isRegression = task == .regression || signature.outputs[output].isNumber
    } else {
      isRegression = false
    }
    var labels = files.labels ?? []
    if case .classification(let scores, let label, _) = kind {
      let count = signature.outputs[scores].width
      if labels.isEmpty {
        labels = traits.classes
      } else if label == nil, let count, count != labels.count {
        throw ConfigurationError(
          file: "", "there are \(labels.count) labels; the model gives \(count) scores")
      }
      if labels.isEmpty, let count, count <= GraphSettings.labelBound {
        labels = (0..<count).map(String.init)
      }
    } else if !labels.isEmpty, task == nil {
      throw ConfigurationError(
        file: "", "there are labels, but none of the outputs holds one score for each class")
    }
    self.labels = labels
  }
}

/// How the kind of an answer is found.
private struct Choice {
  let outputs: [GraphSignature.Port]
  let traits: GraphTraits
  let files: GraphFiles
  let pooling: GraphAnswers.Pooling
  let takesPictures: Bool

  func kind(_ task: GraphSettings.Task?) throws(ConfigurationError) -> GraphAnswers.Kind {
    switch task {
    case .tensors?: return .tensors
    case .values?, .regression?: return .values(output: 0)
    case .embedding?: return embedding(output: named("embed") ?? 0)
    case .classification?:
      guard let found = classifier ?? (scores.map { classification($0) }) else {
        throw ConfigurationError(
          file: "", "task: none of the outputs holds one score for each class")
      }
      return found
    case nil: return found
    }
  }

  private var found: GraphAnswers.Kind {
    if let classifier { return classifier }
    if let logits = named("logits"), outputs[logits].isVector { return classification(logits) }
    if let embedding = named("embed"), outputs[embedding].isVector {
      return self.embedding(output: embedding)
    }
    if pooling != .none, outputs.first?.shape?.count == 3 { return embedding(output: 0) }
    if let scores, takesPictures || files.labels != nil { return classification(scores) }
    if outputs.count == 1, let type = outputs[0].type, type != .string, outputs[0].isVector {
      return .values(output: 0)
    }
    return .tensors
  }

  /// What skl2onnx writes: the class, then what speaks for each.
  private var classifier: GraphAnswers.Kind? {
    guard outputs.count == 2, !traits.classes.isEmpty,
      [.string, .int64, .int32].contains(outputs[0].type)
    else { return nil }
    return .classification(scores: 1, label: 0, .none)
  }

  /// The first output of floats that may be scores.
  private var scores: Int? { outputs.firstIndex { $0.type?.isFloat == true && $0.isVector } }

  private func classification(_ output: Int) -> GraphAnswers.Kind {
    if traits.probabilities.contains(outputs[output].name) {
      return .classification(scores: output, label: nil, .none)
    }
    return .classification(
      scores: output, label: nil, files.hasManyLabels ? .sigmoid : .softmax)
  }

  private func embedding(output: Int) -> GraphAnswers.Kind {
    .embedding(output: output, outputs[output].shape?.count == 3 ? pooling : .none)
  }

  private func named(_ word: String) -> Int? {
    outputs.firstIndex { $0.type?.isFloat == true && $0.name.lowercased().contains(word) }
  }
}

extension GraphSignature.Port {
  /// Whether an instance's share of it is one list of numbers: [N, C], also [N, C, 1, 1].
  fileprivate var isVector: Bool {
    guard let shape else { return false }
    return shape.count <= 2 || shape.dropFirst(2).allSatisfy { $0 == .fixed(1) }
  }

  /// Whether an instance's share of it is a single number: [N] or [N, 1].
  var isNumber: Bool { shape?.count == 1 || width == 1 }

  /// Numbers of that list, where they are known.
  var width: Int? {
    guard let shape, isVector, shape.count >= 2, case .fixed(let size) = shape[1] else {
      return nil
    }
    return size
  }
}
