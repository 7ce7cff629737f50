import Messages
import Testing

@testable import RPC

@Suite struct ServerCallMachineTests {
  typealias Machine = ServerCallMachine

  /// An action without its message, so that cases compare.
  enum Step: Equatable {
    case none, start
    case finish(Status.Code)
    case abort(Status.Code)
    case cancel

    init(_ action: Machine.Action) {
      switch action {
      case .none: self = .none
      case .startHandler: self = .start
      case .finish(let failure): self = .finish(failure?.code ?? .ok)
      case .abort(let status): self = .abort(status.code)
      case .cancelHandler: self = .cancel
      }
    }
  }

  @Test(arguments: [MethodHandler.Shape.unary, .serverStreaming])
  func waitsForOneWholeRequest(shape: MethodHandler.Shape) {
    var machine = Machine(shape: shape)
    #expect(Step(machine.opened()) == .none)
    #expect(Step(machine.received(messages: 1)) == .none)
    #expect(Step(machine.receivedEnd(isCut: false)) == .start)
    #expect(Step(machine.handlerEnded(nil)) == .finish(.ok))
    #expect(!machine.isOver)
    #expect(Step(machine.closed(Status(.cancelled))) == .none)
    #expect(machine.isOver)
    #expect(machine.status?.code == .ok)
  }

  @Test(arguments: [MethodHandler.Shape.clientStreaming, .bidirectional])
  func startsAtTheHead(shape: MethodHandler.Shape) {
    var machine = Machine(shape: shape)
    #expect(Step(machine.opened()) == .start)
    #expect(Step(machine.received(messages: 5)) == .none)
    #expect(Step(machine.receivedEnd(isCut: false)) == .none)
    #expect(Step(machine.handlerEnded(Status(.notFound))) == .finish(.notFound))
  }

  @Test(arguments: [MethodHandler.Shape.unary, .serverStreaming], [0, 2])
  func refusesNoneOrSeveralMessages(shape: MethodHandler.Shape, count: Int) {
    var machine = Machine(shape: shape)
    _ = machine.opened()
    var step = Step(machine.received(messages: count))
    if count == 0 { step = Step(machine.receivedEnd(isCut: false)) }
    #expect(step == .abort(.unimplemented))
    #expect(Step(machine.receivedEnd(isCut: false)) == .none)
  }

  @Test(arguments: [MethodHandler.Shape.unary, .bidirectional])
  func refusesACutMessage(shape: MethodHandler.Shape) {
    var machine = Machine(shape: shape)
    _ = machine.opened()
    #expect(Step(machine.receivedEnd(isCut: true)) == .abort(.internal))
  }

  @Test func deadlineCancelsARunningHandlerOnce() {
    var machine = Machine(shape: .bidirectional)
    _ = machine.opened()
    #expect(Step(machine.failed(Status(.deadlineExceeded))) == .abort(.deadlineExceeded))
    #expect(Step(machine.failed(Status(.deadlineExceeded))) == .none)
    #expect(Step(machine.closed(Status(.cancelled))) == .none)
    #expect(!machine.isOver, "its handler still runs")
    #expect(Step(machine.handlerEnded(nil)) == .none)
    #expect(machine.isOver)
    #expect(machine.status?.code == .deadlineExceeded)
  }

  @Test func deadlineOnArrivalStartsNothing() {
    var machine = Machine(shape: .bidirectional)
    #expect(Step(machine.failed(Status(.deadlineExceeded))) == .abort(.deadlineExceeded))
    #expect(Step(machine.received(messages: 1)) == .none)
    #expect(Step(machine.receivedEnd(isCut: false)) == .none)
    #expect(machine.handler == .notStarted)
    _ = machine.closed(Status(.cancelled))
    #expect(machine.isOver)
  }

  @Test func resetReachesTheHandler() {
    var machine = Machine(shape: .clientStreaming)
    _ = machine.opened()
    #expect(Step(machine.closed(Status(.cancelled))) == .cancel)
    #expect(!machine.isOver)
    #expect(Step(machine.handlerEnded(nil)) == .none)
    #expect(machine.isOver)
    #expect(machine.status?.code == .cancelled)
  }

  @Test func resetBeforeTheHandlerEndsTheCall() {
    var machine = Machine(shape: .unary)
    _ = machine.opened()
    #expect(Step(machine.closed(Status(.cancelled))) == .none)
    #expect(machine.isOver)
  }

  /// Whatever comes in whatever order: a handler starts once at most, one outcome is sent at most,
  /// and a call whose stream closed and whose handler ended is over.
  @Test func everySequenceOfSixEventsKeepsItsPromises() {
    let shapes: [MethodHandler.Shape] = [.unary, .bidirectional]
    for shape in shapes {
      for number in 0..<Int(7 * 7 * 7 * 7 * 7 * 7) {
        var machine = Machine(shape: shape)
        var starts = 0
        var outcomes = 0
        func note(_ action: Machine.Action) {
          switch Step(action) {
          case .start: starts += 1
          case .finish, .abort: outcomes += 1
          default: break
          }
        }
        note(machine.opened())
        var rest = number
        for _ in 0..<6 {
          switch rest % 7 {
          case 0: note(machine.received(messages: 1))
          case 1: note(machine.receivedEnd(isCut: false))
          case 2: note(machine.receivedEnd(isCut: true))
          case 3: note(machine.failed(Status(.deadlineExceeded)))
          case 4: note(machine.closed(Status(.cancelled)))
          case 5: if machine.handler == .running { note(machine.handlerEnded(nil)) }
          default: break
          }
          rest /= 7
        }
        if starts > 1 || outcomes > 1 { Issue.record("shape \(shape), sequence \(number)") }
        _ = machine.closed(Status(.cancelled))
        if machine.handler == .running { _ = machine.handlerEnded(nil) }
        if !machine.isOver || machine.status == nil && starts > 0 {
          Issue.record("not over: shape \(shape), sequence \(number)")
        }
      }
    }
  }
}
