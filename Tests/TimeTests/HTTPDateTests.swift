import Foundation
import Testing
import Time

@Suite struct HTTPDateTests {
  /// Against the C library's clock, in steps that meet every weekday and month.
  @Test func isTheCLibrarys() {
    for seconds in stride(from: Int64(0), to: 4_102_444_800, by: 86_399 * 13) {
      var (parts, time) = (tm(), time_t(seconds))
      gmtime_r(&time, &parts)
      var buffer = [CChar](repeating: 0, count: 64)
      let count = strftime(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
      let text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
      #expect(UnixTime(seconds: seconds).httpDate == text)
      #expect(UnixTime(httpDate: text) == UnixTime(seconds: seconds))
    }
  }

  @Test func whatIsFinerThanASecondIsCutOff() {
    #expect(
      UnixTime(microseconds: 784_111_777_999_999).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(UnixTime(microseconds: -1).httpDate == "Wed, 31 Dec 1969 23:59:59 GMT")
  }

  @Test(arguments: [
    "", "Sun, 06 Nov 1994", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
  ])
  func whatIsNoneIsRefused(text: String) { #expect(UnixTime(httpDate: text) == nil) }
}
