import Testing

@testable import Serving

@Suite struct MemoryTrimTests {
  @Test func muchThatStaysFreeIsGivenBackOnce() {
    var trim = MemoryTrim()
    let much = MemoryTrim.worthwhile
    for _ in 1..<MemoryTrim.patience { #expect(!trim.isDue(freed: much)) }
    #expect(trim.isDue(freed: much))
    #expect(!trim.isDue(freed: much))
  }

  @Test func whatALoadTakesBackIsLeft() {
    var trim = MemoryTrim()
    for _ in 0..<3 {
      for _ in 1..<MemoryTrim.patience { #expect(!trim.isDue(freed: MemoryTrim.worthwhile)) }
      #expect(!trim.isDue(freed: MemoryTrim.worthwhile - 1))
    }
  }

  @Test func afterAModelHasGoneTheNextQuestionGivesBack() {
    var trim = MemoryTrim()
    trim.expect()
    #expect(trim.isDue(freed: 0))
    #expect(!trim.isDue(freed: 0))
  }
}
