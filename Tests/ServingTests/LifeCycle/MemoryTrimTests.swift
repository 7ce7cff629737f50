import Testing

@testable import Serving

@Suite struct MemoryTrimTests {
  /// What is answered to one question after the other.
  private func answers(_ trim: inout MemoryTrim, _ freed: Int...) -> [Bool] {
    freed.map { trim.isDue(freed: $0) }
  }

  @Test func muchThatStaysFreeIsGivenBackOnce() {
    var trim = MemoryTrim()
    let much = MemoryTrim.worthwhile
    let early = (1..<MemoryTrim.patience).map { _ in trim.isDue(freed: much) }
    let then = answers(&trim, much, much)
    #expect(!early.contains(true) && then == [true, false])
  }

  @Test func whatALoadTakesBackIsLeft() {
    var trim = MemoryTrim()
    for _ in 0..<3 {
      let early = (1..<MemoryTrim.patience).map { _ in trim.isDue(freed: MemoryTrim.worthwhile) }
      let then = answers(&trim, MemoryTrim.worthwhile - 1)
      #expect(!early.contains(true) && then == [false])
    }
  }

  @Test func afterAModelHasGoneTheNextQuestionGivesBack() {
    var trim = MemoryTrim()
    trim.expect()
    let answers = answers(&trim, 0, 0)
    #expect(answers == [true, false])
  }
}
