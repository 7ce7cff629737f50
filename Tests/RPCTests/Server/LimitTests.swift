import EventLoop
import Messages
import Testing

@testable import RPC

@Suite struct LimitTests {
  @Test func everyFieldHasAName() {
    #expect(Limit.allCases.count == Mirror(reflecting: ServerLimits()).children.count)
    #expect(Set(Limit.allCases.map(\.rawValue)).count == Limit.allCases.count)
  }

  @Test func reportsAtOnceAndThenAtTheirPace() {
    var pace = ReportPace<String>(interval: .seconds(10))
    var now = LoopInstant(nanoseconds: 5)
    func record(_ subject: String) -> Int? { pace.record(subject, now: now) }
    #expect(record("a") == 1)
    #expect(record("a") == nil)
    #expect(record("b") == 1, "each subject has a pace of its own")
    now = now.advanced(by: .milliseconds(9_999))
    #expect(record("a") == nil)
    now = now.advanced(by: .milliseconds(1))
    #expect(record("a") == 3, "none is lost from the count")
    #expect(record("a") == nil)
    now = now.advanced(by: .seconds(100))
    #expect(record("a") == 2)
  }
}

@Suite struct RequestIDFieldTests {
  @Test(arguments: ["a", "0-9 ~!", String(repeating: "x", count: 128)])
  func readsWhatCanBeSentBack(id: String) {
    #expect(RequestIDField.read(["x-request-id": id]) == id)
  }

  @Test(arguments: ["", "caf\u{e9}", "a\u{7f}", "a\tb", String(repeating: "x", count: 129)])
  func passesOverTheRest(id: String) {
    #expect(RequestIDField.read(["x-request-id": id]) == nil)
    var metadata = Metadata()
    RequestIDField.append(id, to: &metadata)
    #expect(metadata == [:])
  }

  @Test func leavesTheHandlersOwnAlone() {
    var metadata: Metadata = ["x-request-id": "mine"]
    RequestIDField.append("theirs", to: &metadata)
    #expect(metadata == ["x-request-id": "mine"])
  }
}
