import Bytes
import Testing

@Suite struct ModelNameTests {
  @Test(arguments: ["a", "minilm", "a.b_c-D", "-", "0", "m..", String(repeating: "m", count: 64)])
  func takesNamesOfFolders(name: String) {
    #expect(ModelName.isValid(name))
  }

  @Test(arguments: [
    "", ".", "..", ".m", "a b", "a/b", "a\u{301}", "caf\u{e9}", "a\0", "(unknown)",
    String(repeating: "m", count: 65),
  ])
  func refusesAllElse(name: String) {
    #expect(!ModelName.isValid(name))
  }
}
