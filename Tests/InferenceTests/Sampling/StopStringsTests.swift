import Testing

@testable import Inference

@Suite struct StopStringsTests {
  /// Pushes the pieces and returns everything shown, the rest included, and whether it stopped.
  private func run(_ stops: [String], _ pieces: [String]) throws -> (String, Bool) {
    var matcher = try StopStrings(stops)
    var shown = ""
    var stopped = false
    for piece in pieces {
      let emission = matcher.push(piece)
      shown += emission.text
      stopped = emission.stopped
    }
    return (shown + matcher.finish(), stopped)
  }

  @Test func withoutStopsTextPassesAtOnce() throws {
    var matcher = try StopStrings([])
    #expect(matcher.push("abc") == .init(text: "abc", stopped: false))
    #expect(matcher.finish() == "")
  }

  @Test func holdsBackAPossibleBeginningAndLetsItGo() throws {
    var matcher = try StopStrings(["\n\nUser:"])
    #expect(matcher.push("Hi\n") == .init(text: "Hi", stopped: false))
    #expect(matcher.push("\nUs") == .init(text: "", stopped: false))
    #expect(matcher.push("e it") == .init(text: "\n\nUse it", stopped: false))
    #expect(matcher.push("\n") == .init(text: "", stopped: false))
    #expect(matcher.finish() == "\n")
  }

  @Test func stopsAcrossPiecesAndStaysStopped() throws {
    var matcher = try StopStrings(["END"])
    #expect(matcher.push("the E").text == "the ")
    #expect(matcher.push("N") == .init(text: "", stopped: false))
    #expect(matcher.push("D of it") == .init(text: "", stopped: true))
    #expect(matcher.push("more") == .init(text: "", stopped: true))
    #expect(matcher.finish() == "")
  }

  @Test func overlapsFallBackToShorterBeginnings() throws {
    #expect(try run(["aab"], ["aaa", "ab!"]) == ("aa", true))
    #expect(try run(["abab"], ["aba", "cabab"]) == ("abac", true))
    #expect(try run(["abcd", "bcx"], ["abc", "x"]) == ("a", true))
  }

  @Test func theLongestOfThoseEndingTogetherCounts() throws {
    #expect(try run(["cd", "abcd"], ["xabcdx"]) == ("x", true))
    #expect(try run(["b", "abc"], ["abc"]) == ("a", true))
  }

  @Test func neverSplitsACharacter() throws {
    // é and è share their first byte.
    var matcher = try StopStrings(["é"])
    #expect(matcher.push("caf").text == "caf")
    #expect(matcher.push("è!").text == "è!")
    #expect(matcher.push("é") == .init(text: "", stopped: true))
  }

  @Test func badStopsAreRefusedByName() {
    #expect(throws: InferenceError.self) { try StopStrings([""]) }
    #expect(throws: InferenceError.self) { try StopStrings(Array(repeating: "x", count: 17)) }
    let error = #expect(throws: InferenceError.self) {
      try StopStrings(["ok", String(repeating: "x", count: 257)])
    }
    #expect(error?.message == "stop[1] has 257 bytes; allowed are 1 to 256")
  }

  /// However the text is cut, the outcome is that of a plain search over the whole.
  @Test(arguments: 0..<60)
  func anyCutGivesTheOutcomeOfAPlainSearch(round: Int) throws {
    var random = SplitMix64(seed: UInt64(round))
    func word(_ length: Int) -> String {
      String((0..<length).map { _ in random.next() % 2 == 0 ? "a" : "b" })
    }
    let stops = (0..<3).map { _ in word(2 + Int(random.next() % 6)) }
    let text = word(60)
    var pieces: [String] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      let length = 1 + Int(random.next() % 5)
      pieces.append(String(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    let ends = (1...text.count).first { end in stops.contains { text.prefix(end).hasSuffix($0) } }
    let expected =
      ends.map { end in
        let longest = stops.filter { text.prefix(end).hasSuffix($0) }.map(\.count).max() ?? 0
        return (String(text.prefix(end - longest)), true)
      } ?? (text, false)
    #expect(try run(stops, pieces) == expected)
  }
}
