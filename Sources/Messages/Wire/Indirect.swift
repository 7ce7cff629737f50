/// Holds a value behind a reference, so that a message can hold its own kind.
///
/// Generated code wraps it in a computed property. As a property wrapper it would leak: Swift 6.3.1
/// does not release wrapped properties when a delegating initialiser throws.
public struct Indirect<Value: Sendable & Equatable>: Sendable, Equatable {
  private final class Box: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  private let box: Box

  public init(_ value: Value) { box = Box(value) }

  public var value: Value { box.value }

  public static func == (left: Self, right: Self) -> Bool {
    left.box === right.box || left.value == right.value
  }
}
