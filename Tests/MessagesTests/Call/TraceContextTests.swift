import Messages
import Testing

@Suite struct TraceContextTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let span = "00f067aa0ba902b7"

  @Test(arguments: [
    ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", false),
    // Of flags only the first is known; of versions to come what version 00 says is read.
    ("00-\(trace)-\(span)-ff", true), ("00-\(trace)-\(span)-02", false),
    ("01-\(trace)-\(span)-01", true), ("cc-\(trace)-\(span)-01-what-the-future-will-be", true),
    ("01-\(trace)-\(span)-01-", true),
  ])
  func wellFormed(_ text: String, isSampled: Bool) throws {
    let context = try #require(TraceContext(traceparent: text))
    #expect(context.traceID == Self.trace && context.spanID == Self.span)
    #expect(context.isSampled == isSampled)
    #expect(context.traceparent == "00-\(Self.trace)-\(Self.span)-0\(isSampled ? 1 : 0)")
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1",
    "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-x", "00-\(trace)-\(span)-011",
    "01-\(trace)-\(span)-01x", "ff-\(trace)-\(span)-01", "0x-\(trace)-\(span)-01",
    "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01",
    "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
    "00-\(trace)-\(span)-0g", "00_\(trace)_\(span)_01", " 00-\(trace)-\(span)-01",
    "00-\(trace)-\(span)-01 ", "00-\(trace.dropLast())-\(span)-01", "00-\(trace)é\(span)-01",
    "00-\(trace)-\(span)-01,00-\(trace)-\(span)-01", "00-\(trace.dropLast())é-\(span)-0",
  ])
  func malformed(_ text: String) {
    #expect(TraceContext(traceparent: text) == nil)
    // It is ignored: the call begins a trace of its own, and says so.
    let context = CallContext(path: "/a.B/C", traceparent: text)
    #expect(context.isTraced && context.trace.traceID != Self.trace)
    #expect(TraceContext(traceparent: context.trace.traceparent) == context.trace)
  }

  @Test func aCallIsANewSpanOfItsClientsTrace() throws {
    let given = "00-\(Self.trace)-\(Self.span)-01"
    let calls = (0..<1000).map { _ in CallContext(path: "/a.B/C", traceparent: given) }
    let spans = calls.map(\.trace.spanID)
    #expect(Set(spans).count == 1000 && !spans.contains(Self.span))
    #expect(calls.allSatisfy { $0.trace.traceID == Self.trace && $0.trace.isSampled })
    #expect(calls.map(\.trace.spanID) == spans, "settled when first asked for")
  }

  @Test func aCallWithoutATraceBeginsOne() {
    let contexts = (0..<1000).map { _ in CallContext(path: "/a.B/C") }
    #expect(contexts.allSatisfy { !$0.isTraced && !$0.trace.isSampled })
    #expect(Set(contexts.map(\.trace.traceID)).count == 1000)
    #expect(contexts.allSatisfy { TraceContext(traceparent: $0.trace.traceparent) == $0.trace })
  }
}
