// Rounding and remainders of floats are calls into libm.
internal import Glibc

/// Operators as Python defines them on numbers, strings and lists.
extension Renderer {
  mutating func unary(
    _ operation: UnaryOperator, _ operand: Expression, _ line: Int
  ) throws(TemplateError) -> Value {
    let value = try evaluate(operand)
    switch operation {
    case .not: return .boolean(!value.isTrue)
    case .plus, .minus:
      if let number = value.integer {
        let (result, overflow) =
          operation == .plus
          ? (number, false)
          : 0.subtractingReportingOverflow(number)
        return .integer(try inRange(result, overflow, line))
      }
      guard let number = value.real else {
        throw failure(line, "\(value.typeName) has no negative; numbers have one")
      }
      return .real(operation == .plus ? number : -number)
    }
  }

  mutating func binary(
    _ operation: BinaryOperator, _ leftSide: Expression, _ rightSide: Expression, _ line: Int
  ) throws(TemplateError) -> Value {
    let left = try evaluate(leftSide)
    switch operation {
    case .and: return left.isTrue ? try evaluate(rightSide) : left
    case .or: return left.isTrue ? left : try evaluate(rightSide)
    default: break
    }
    let right = try evaluate(rightSide)
    if let first = left.integer, let second = right.integer, operation != .division {
      return .integer(try whole(first, operation, second, line))
    }
    if let first = left.real, let second = right.real {
      return .real(try fraction(first, operation, second, line))
    }
    switch (operation, left, right) {
    case (.plus, .text(let first), .text(let second)):
      try checkCount(first.count + second.count, line)
      return try made(Text(first.letters + second.letters), line)
    case (.plus, .list(let first), .list(let second)) where first.isTuple == second.isTuple:
      try charge(line, moving: 16 * (first.items.count + second.items.count))
      return try made(first.items + second.items, isTuple: first.isTuple, line)
    case (.times, .text(let text), _), (.times, _, .text(let text)):
      guard let count = left.integer ?? right.integer else { break }
      return try repeated(text, max(0, count), line)
    default: break
    }
    throw failure(
      line, "`\(operation.rawValue)` does not take \(left.typeName) and \(right.typeName)")
  }

  private mutating func repeated(
    _ text: Text, _ count: Int, _ line: Int
  ) throws(TemplateError) -> Value {
    let (total, overflow) = text.count.multipliedReportingOverflow(by: count)
    try checkCount(overflow ? .max : total, line)
    // An empty text is as long as it is often.
    guard total > 0 else { return .text(Text()) }
    return try made(Text(repeatElement(text.letters, count: count).joined()), line)
  }

  // MARK: Numbers

  private func inRange(_ number: Int, _ overflow: Bool, _ line: Int) throws(TemplateError) -> Int {
    guard !overflow else { throw failure(line, "a number does not fit 64 bits") }
    return number
  }

  /// Whole division rounds down, and the remainder has the sign of the divisor.
  private func whole(
    _ left: Int, _ operation: BinaryOperator, _ right: Int, _ line: Int
  ) throws(TemplateError) -> Int {
    let (result, overflow): (Int, Bool)
    switch operation {
    case .plus: (result, overflow) = left.addingReportingOverflow(right)
    case .minus: (result, overflow) = left.subtractingReportingOverflow(right)
    case .times: (result, overflow) = left.multipliedReportingOverflow(by: right)
    default:
      guard right != 0 else { throw failure(line, "division by zero") }
      let (remainder, _) = left.remainderReportingOverflow(dividingBy: right)
      let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
      if operation == .modulo { return isBelow ? remainder + right : remainder }
      let quotient = left.dividedReportingOverflow(by: right)
      (result, overflow) = (quotient.partialValue - (isBelow ? 1 : 0), quotient.overflow)
    }
    return try inRange(result, overflow, line)
  }

  private func fraction(
    _ left: Double, _ operation: BinaryOperator, _ right: Double, _ line: Int
  ) throws(TemplateError) -> Double {
    switch operation {
    case .plus: return left + right
    case .minus: return left - right
    case .times: return left * right
    default:
      guard right != 0 else { throw failure(line, "division by zero") }
      let quotient = left / right
      if operation == .division { return quotient }
      if operation == .wholeDivision { return quotient.rounded(.down) }
      let remainder = left.truncatingRemainder(dividingBy: right)
      return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
    }
  }

  // MARK: Comparisons

  mutating func compare(
    _ left: Value, _ comparison: Comparison, _ right: Value, _ line: Int
  ) throws(TemplateError) -> Bool {
    switch comparison {
    case .equal, .unequal:
      try charge(line, moving: min(left.size.extent, right.size.extent))
      let isEqual = try comparing(line) { left.equals(right, &$0) }
      return isEqual == (comparison == .equal)
    case .isIn: return try contains(left, in: right, line)
    case .isNotIn: return try !contains(left, in: right, line)
    case .less, .greater, .atMost, .atLeast:
      try charge(line, moving: min(left.size.extent, right.size.extent))
      let isSwapped = comparison == .greater || comparison == .atMost
      let (low, high) = isSwapped ? (right, left) : (left, right)
      guard let isLess = low.isLess(than: high) else {
        throw failure(line, "\(left.typeName) and \(right.typeName) have no order")
      }
      // a <= b is not (b < a).
      if comparison == .less || comparison == .greater { return isLess }
      let isUnordered = left.real?.isNaN ?? false || right.real?.isNaN ?? false
      return !isLess && !isUnordered
    }
  }

  private mutating func contains(
    _ value: Value, in container: Value, _ line: Int
  ) throws(TemplateError) -> Bool {
    try charge(line, moving: value.size.extent + container.size.extent)
    switch container {
    case .undefined: return false
    case .text(let text):
      guard case .text(let part) = value else {
        throw failure(line, "`in` a string takes a string, got \(value.typeName)")
      }
      return text.contains(part)
    case .list(let list):
      return try comparing(line) { cost in list.items.contains { $0.equals(value, &cost) } }
    case .mapping(let mapping): return try comparing(line) { mapping.value(of: value, &$0) } != nil
    default: throw failure(line, "\(container.typeName) holds nothing that could be in it")
    }
  }
}
