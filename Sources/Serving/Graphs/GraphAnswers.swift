internal import Glibc
internal import Inference
internal import Messages

/// What is made of a graph's outputs for callers who sent features, a picture or a text.
struct GraphAnswers: Sendable, Equatable {
  /// What becomes of scores.
  enum Activation: Sendable { case none, softmax, sigmoid }

  /// What becomes of a vector for each token.
  enum Pooling: Sendable, Equatable { case none, mean, first, largest }

  enum Kind: Sendable, Equatable {
    /// - Parameters:
    ///   - label: the output that names the class, where the graph decides.
    case classification(scores: Int, label: Int?, Activation)
    case embedding(output: Int, Pooling)
    case values(output: Int)
    case tensors
  }

  let kind: Kind
  /// Names of classes; where there are none, their numbers.
  let labels: [String]
  let outputs: [String]
  /// One number for each row.
  let isRegression: Bool

  /// - Parameters:
  ///   - tokens: tokens of a text; the vectors behind them are padding.
  func prediction(
    of values: [GraphValue], _ call: PredictCall, normalizes: Bool, tokens: Int
  ) throws(Status) -> ApusV1.Prediction {
    do {
      switch kind {
      case .classification(let scores, let label, let activation):
        let numbers = Self.scores(try floats(values, scores), activation, labels.count)
        let chosen = try label.flatMap { try values[$0].tensor?.label(at: 0) }
        return .classification(
          try finite(numbers), labels: names(numbers.count), call.request.options, first: chosen)
      case .embedding(let output, let pooling):
        let vector = try pooled(values, output, pooling, tokens)
        return .embedding(try finite(vector), normalizes: normalizes)
      case .values(let output):
        return .rows(try finite(floats(values, output)), labels: [], call.request.options)
      case .tensors: return try tensors(values)
      }
    } catch let status as Status {
      throw status
    } catch {
      throw Status(.internal, "\(error)")
    }
  }

  /// All outputs as they are.
  func tensors(_ values: [GraphValue]) throws(Status) -> ApusV1.Prediction {
    var named = ApusV1.NamedTensors()
    do {
      for (name, value) in zip(outputs, values) { try value.add(to: &named.tensors, as: name) }
    } catch {
      throw Status(.internal, "\(error)")
    }
    var prediction = ApusV1.Prediction()
    prediction.kind = .tensors(named)
    return prediction
  }

  private func names(_ count: Int) -> [String] {
    labels.count == count ? labels : (0..<count).map(String.init)
  }

  private func floats(_ values: [GraphValue], _ output: Int) throws -> [Float] {
    guard let tensor = values[output].tensor else {
      throw Status(.internal, "the output \(outputs[output]) is no tensor")
    }
    return try tensor.floats()
  }

  /// A NaN or an infinity is no answer, and JSON has none.
  private func finite(_ values: [Float]) throws -> [Float] {
    guard values.allSatisfy(\.isFinite) else {
      throw Status(
        .invalidArgument,
        "the answer to this input is no finite number: the computation overflows; send less large "
          + "values")
    }
    return values
  }

  /// One for each label. A single one decides between two: it is a probability or a logit of the
  /// second, or a distance from the border (SVM), where nothing says that it is either.
  static func scores(_ raw: [Float], _ activation: Activation, _ labels: Int) -> [Float] {
    guard raw.count == 1, labels == 2 else { return activated(raw, activation) }
    if activation == .none, !(0...1 ~= raw[0]) { return [-raw[0], raw[0]] }
    let second = activation == .none ? raw[0] : activated(raw, .sigmoid)[0]
    return [1 - second, second]
  }

  static func activated(_ scores: [Float], _ activation: Activation) -> [Float] {
    switch activation {
    case .none: return scores
    case .sigmoid: return scores.map { Float(1 / (1 + exp(-Double($0)))) }
    case .softmax:
      let largest = Double(scores.max() ?? 0)
      let powers = scores.map { exp(Double($0) - largest) }
      let sum = powers.reduce(0, +)
      return powers.map { Float($0 / sum) }
    }
  }

  /// - Returns: one vector of what is [1, tokens, width], or the vector that is there.
  private func pooled(
    _ values: [GraphValue], _ output: Int, _ pooling: Pooling, _ tokens: Int
  ) throws -> [Float] {
    let all = try floats(values, output)
    guard pooling != .none, let width = values[output].tensor?.shape.last, width > 0 else {
      return all
    }
    let rows = min(max(1, tokens), all.count / width)
    if pooling == .first || rows <= 1 { return Array(all.prefix(width)) }
    return (0..<width).map { column in
      let numbers = (0..<rows).map { all[$0 * width + column] }
      if pooling == .largest { return numbers.max() ?? 0 }
      return Float(numbers.reduce(0.0) { $0 + Double($1) } / Double(rows))
    }
  }
}
