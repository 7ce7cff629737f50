/// Carries a value that belongs to one loop through code that may run anywhere.
///
/// `@unchecked Sendable`: the value is only reached through `value`, which stops the process when
/// it is called on any thread but the loop's.
package struct LoopBound<Value>: @unchecked Sendable {
  package let loop: EventLoop
  private let stored: Value

  /// Must be called on `loop`.
  package init(_ value: Value, on loop: EventLoop) {
    loop.preconditionCurrent()
    self.loop = loop
    stored = value
  }

  package var value: Value {
    loop.preconditionCurrent()
    return stored
  }
}
