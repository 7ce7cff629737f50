import Messages
import Testing

@testable import RPC

@Suite struct TraceFieldTests {
  private let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test func whoPlacesACallOnceIsRead() {
    #expect(TraceField.read([:]) == nil)
    #expect(TraceField.read(["x-request-id": "1", "traceparent": given]) == given)
    #expect(TraceField.read(["traceparent": given, "traceparent": given]) == "", "no one's word")
  }

  @Test func onlyWhoAskedIsAnswered() {
    var metadata: Metadata = ["x": "y"]
    TraceField.append(CallContext(path: "/a.B/C"), to: &metadata)
    #expect(metadata["traceparent"] == nil)
    let context = CallContext(path: "/a.B/C", traceparent: given)
    TraceField.append(context, to: &metadata)
    TraceField.append(context, to: &metadata)
    #expect(metadata.entries.count { $0.name == "traceparent" } == 1)
    #expect(metadata["traceparent"] == context.trace.traceparent)
  }
}
