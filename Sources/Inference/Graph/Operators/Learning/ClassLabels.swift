internal import Models

/// The classes of a classifier: texts or integers, in the order of its scores.
enum ClassLabels: Sendable {
  case ints([Int64])
  case texts([[UInt8]])

  /// - Parameters: the names of the attributes.
  init(_ node: ONNXNode, ints: String, texts: String) throws {
    if let labels = try node.strings(texts), !labels.isEmpty {
      self = .texts(labels)
    } else {
      self = .ints(try node.required(ints, node.ints(ints)))
    }
    guard count > 0 else { throw node.problem(.malformed, "it has no classes") }
  }

  var count: Int {
    switch self {
    case .ints(let labels): labels.count
    case .texts(let labels): labels.count
    }
  }

  var type: ONNXElementType {
    switch self {
    case .ints: .int64
    case .texts: .string
    }
  }

  /// The labels of these classes.
  func tensor(_ classes: [Int], _ context: GraphContext) throws -> GraphTensor {
    switch self {
    case .ints(let labels):
      try context.int64s([classes.count], classes.map { Int(labels[$0]) })
    case .texts(let labels): try context.texts([classes.count], classes.map { labels[$0] })
    }
  }
}

/// What becomes of a row of scores.
enum PostTransform: String, Sendable {
  case none = "NONE"
  case softmax = "SOFTMAX"
  case logistic = "LOGISTIC"
  case softmaxZero = "SOFTMAX_ZERO"
  case probit = "PROBIT"

  init(_ node: ONNXNode) throws {
    let name = try node.text("post_transform", default: "NONE")
    guard let known = PostTransform(rawValue: name) else {
      throw node.problem(.unsupported, "the post_transform \(name)")
    }
    self = known
  }

  func applied(to scores: [Float]) -> [Float] {
    switch self {
    case .none: return scores
    case .logistic: return scores.map { Self.logistic($0) }
    case .probit: return scores.map { Self.probit($0) }
    case .softmax, .softmaxZero:
      let largest = scores.max() ?? 0
      let powers = scores.map { score in
        self == .softmaxZero && abs(score) < 1e-7 ? score : Float.exp(score - largest)
      }
      let sum = powers.reduce(0, +)
      return sum == 0 ? powers : powers.map { $0 / sum }
    }
  }

  static func logistic(_ x: Float) -> Float {
    let power = Float.exp(-abs(x))
    return x < 0 ? power / (1 + power) : 1 / (1 + power)
  }

  /// √2 · erf⁻¹(2x − 1), by Winitzki's formula.
  private static func probit(_ x: Float) -> Float {
    let y = 2 * x - 1
    let log = Float.log((1 - y) * (1 + y))
    let first: Float = 2 / (Float.pi * 0.147) + 0.5 * log
    let root = (-first + (first * first - log / 0.147).squareRoot()).squareRoot()
    return Float(2).squareRoot() * (y < 0 ? -root : root)
  }
}

/// The rows of a table of numbers, as floats.
struct FeatureRows {
  let values: GraphValues<Float>
  let rows: Int
  let columns: Int

  /// One dimension is one row.
  init(_ x: GraphTensor, _ context: GraphContext) throws {
    guard (1...2).contains(x.rank) else { throw GraphError("\(x.rank) dimensions are no rows") }
    values = try x.converted(to: .float, context).values(Float.self)
    rows = x.rank == 1 ? 1 : x.shape[0]
    columns = x.shape[x.rank - 1]
  }
}
