import Bytes
import Testing

@Suite struct VisibleTextTests {
  @Test(arguments: [
    "", "plain", "two\nlines\tand a tab", "caf\u{e9}", "back\\slash \"quoted\"",
    "\u{5E9}\u{5DC}\u{5D5}\u{5DD}", "\u{645}\u{6CC}\u{200C}\u{62E}\u{648}",
    "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", "\u{1F44D}\u{1F3FD}", "e\u{301}",
  ])
  func leavesWhatShowsAsItself(text: String) {
    #expect(VisibleText.lines(text) == text)
  }

  @Test(arguments: [
    ("\u{1B}[2J", "\\u{1b}[2J"), ("\u{9B}2J", "\\u{9b}2J"), ("\u{7F}", "\\u{7f}"),
    ("\0", "\\u{0}"), ("a\u{202E}b", "a\\u{202e}b"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
    ("over\rwritten", "over\\rwritten"), ("\u{2028}", "\\u{2028}"), ("\u{FEFF}", "\\u{feff}"),
    ("\u{E0041}", "\\u{e0041}"), ("one\r\ntwo", "one\\r\ntwo"),
  ])
  func escapesWhatDrivesATerminal(text: String, shown: String) {
    #expect(VisibleText.lines(text) == shown)
  }

  @Test(arguments: [
    ("", 8, ""), ("12345678", 8, "12345678"), ("123456789", 8, "12345…"),
    ("abc\u{e9}\u{e9}\u{e9}", 8, "abc\u{e9}…"), ("abcd\u{e9}\u{e9}\u{e9}", 8, "abcd…"),
    ("\u{1F44D}\u{1F44D}\u{1F44D}", 8, "\u{1F44D}…"),
    ("a\u{301}\u{301}\u{301}\u{301}\u{301}", 8, "a\u{301}\u{301}…"), ("long", 3, "…"),
  ])
  func cutsWhatIsTooLongBetweenScalars(text: String, bytes: Int, shown: String) {
    #expect(Array(VisibleText.shortened(text, bytes: bytes).utf8) == Array(shown.utf8))
  }
}
