internal import Models

/// Einstein's sums: products over named dimensions, summed over those that the answer lacks.
struct Einsum: GraphOperator {
  let inputs: [String]
  /// nil: the letters that stand there once, in their order.
  let output: String?

  static let entries = [
    OperatorEntry("Einsum", versions: 12...28) { node, _ in
      let text = try node.required("equation", node.text("equation")).filter { $0 != " " }
      let sides = text.replacing("->", with: ">").split(
        separator: ">", omittingEmptySubsequences: false)
      guard (1...2).contains(sides.count) else {
        throw node.problem(.malformed, "the equation \(ONNXProblem.shown(text))")
      }
      // The points stand for one letter that may be several dimensions.
      let parts = sides.map { String($0).replacing("...", with: ".") }
      return Einsum(
        inputs: parts[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init),
        output: parts.count == 2 ? parts[1] : nil)
    }
  ]

  func compute(_ values: GraphInputs, _ context: GraphContext) throws -> [GraphValue] {
    let tensors = try inputs.indices.map { try values.tensor($0) }
    guard let first = tensors.first, values.count == inputs.count else {
      throw GraphError("\(values.count) inputs; \(inputs.count) are expected")
    }
    for tensor in tensors { _ = try tensor.checked(first.elementType, "an input") }
    let points =
      zip(inputs, tensors).map { $0.contains(".") ? $1.rank - $0.count + 1 : 0 }
      .max() ?? 0
    guard points >= 0, points <= 8 else { throw GraphError("the equation does not fit") }
    let names = zip(inputs, tensors).map { letters, tensor in
      Self.spelled(letters, tensor.rank - letters.count + 1)
    }
    let all = names.joined()
    let implicit =
      (0..<points).reversed().map { Character("\($0)") }
      + Set(all).filter { letter in
        letter.isLetter && all.filter { $0 == letter }.count == 1
      }.sorted()
    let wanted = output.map { Self.spelled($0, points) } ?? Array(implicit)
    var sizes: [Character: Int] = [:]
    for (letters, tensor) in zip(names, tensors) {
      guard letters.count == tensor.rank else { throw GraphError("the equation does not fit") }
      for (letter, size) in zip(letters, tensor.shape) where sizes[letter] ?? 1 == 1 {
        sizes[letter] = size
      }
    }
    guard wanted.allSatisfy({ sizes[$0] != nil }), Set(wanted).count == wanted.count else {
      throw GraphError("the equation does not fit")
    }
    let order = wanted + Set(all).subtracting(wanted).sorted()
    let shape = order.map { sizes[$0] ?? 1 }
    _ = try GraphTensor.count(shape, limit: context.budget.elementLimit)
    let strides = try zip(names, tensors).map { letters, tensor -> [Int] in
      let own = Broadcast.strides(tensor.shape)
      for (letter, size) in zip(letters, tensor.shape) where size != 1 && size != sizes[letter] {
        throw GraphError("sizes \(size) and \(sizes[letter] ?? 1) of one letter")
      }
      return order.map { letter in
        letters.indices.reduce(0) {
          letters[$1] == letter && tensor.shape[$1] != 1 ? $0 + own[$1] : $0
        }
      }
    }
    return .tensors(
      try first.elementType.dispatch(
        Work(
          tensors: tensors, shape: shape, strides: strides, kept: wanted.count,
          context: context)))
  }

  /// The letters with digits for the points, the last dimension 0.
  private static func spelled(_ letters: String, _ points: Int) -> [Character] {
    letters.flatMap { letter -> [Character] in
      letter == "." ? (0..<max(0, points)).reversed().map { Character("\($0)") } : [letter]
    }
  }

  private struct Work: NumberVisitor {
    let tensors: [GraphTensor]
    let shape: [Int]
    let strides: [[Int]]
    let kept: Int
    let context: GraphContext

    func visit<N: GraphNumber>(_: N.Type) throws -> GraphTensor {
      let to = try context.new(N.self, Array(shape[..<kept]))
      let values = tensors.map { $0.values(N.self) }
      var places = [Int](repeating: 0, count: values.count)
      var position = [Int](repeating: 0, count: shape.count)
      let inner = shape[kept...].product
      guard inner > 0 else { return to.tensor }
      var work = context.watch.work
      for index in 0..<to.count * inner {
        // Each takes as long as some products.
        try work.add(16)
        for tensor in values.indices {
          places[tensor] = zip(position, strides[tensor]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        var product = values[0][places[0]]
        for tensor in values.indices.dropFirst() {
          product = .product(product, values[tensor][places[tensor]])
        }
        to[index / inner] = .sum(to[index / inner], product)
        position.advance(in: shape)
      }
      return to.tensor
    }
  }
}
