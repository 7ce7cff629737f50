import Messages
import Testing

@Suite struct CallContextTests {
  @Test func theClientsNameHolds() {
    let context = CallContext(path: "/a.B/C", requestID: "theirs")
    #expect(context.requestID == "theirs")
  }

  @Test func theMessagesNameComesFirst() {
    let context = CallContext(path: "/a.B/C", requestID: "theirs")
    context.name("chosen")
    context.name("too late")
    #expect(context.requestID == "chosen")
  }

  @Test func aNameThatWasToldStays() {
    let context = CallContext(path: "/a.B/C")
    let made = context.requestID
    context.name("too late")
    #expect(context.requestID == made && !made.isEmpty)
  }

  @Test func madeNamesDiffer() {
    let names = (0..<1_000).map { _ in CallContext(path: "/a.B/C").requestID }
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.utf8.count <= CallContext.requestIDLimit })
  }
}
