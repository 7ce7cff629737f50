import Testing
import Time

@testable import REST

@Suite struct DeprecationNoticeTests {
  private let since = UnixTime(seconds: 1_793_491_200)
  private let sunset = UnixTime(seconds: 1_803_859_200)

  private func texts(_ notice: DeprecationNotice) -> [String] {
    notice.fields.map { "\($0.name): \($0.value)" }
  }

  @Test func fieldsAreThoseOfTheirStandards() {
    #expect(texts(DeprecationNotice(since: since)) == ["deprecation: @1793491200"])
    let whole = DeprecationNotice(
      since: since, sunset: sunset, link: "https://example.com/news",
      successor: "https://example.com/v2")
    #expect(
      texts(whole) == [
        "deprecation: @1793491200", "sunset: Mon, 01 Mar 2027 00:00:00 GMT",
        "link: <https://example.com/news>; rel=\"deprecation\"",
        "link: <https://example.com/v2>; rel=\"successor-version\"",
      ])
  }

  @Test func twoTellTheEarlierTimesAndAllLinks() {
    let early = DeprecationNotice(since: since, link: "https://example.com/a")
    let late = DeprecationNotice(
      since: sunset, sunset: sunset, link: "https://example.com/b", successor: "https://e.com")
    let expected: Set = [
      "deprecation: @1793491200", "sunset: Mon, 01 Mar 2027 00:00:00 GMT",
      "link: <https://example.com/a>; rel=\"deprecation\"",
      "link: <https://example.com/b>; rel=\"deprecation\"",
      "link: <https://e.com>; rel=\"successor-version\"",
    ]
    for (var one, other) in [(early, late), (late, early)] {
      one.merge(other)
      #expect(Set(texts(one)) == expected)
      one.merge(other)
      #expect(texts(one).count == expected.count)
    }
    // The same by way of fields.
    var told = early
    for field in late.fields {
      let isTaken = told.take(field.name, field.value)
      #expect(isTaken)
    }
    #expect(Set(texts(told)) == expected)
  }

  @Test func leavesOtherFieldsAlone() {
    var notice = DeprecationNotice(since: since)
    for (name, value) in [
      ("deprecation", "true"), ("deprecation", "@"), ("deprecation", "@99999999999999999"),
      ("sunset", "tomorrow"), ("x-link", "<a>"),
    ] {
      let isTaken = notice.take(name, value)
      #expect(!isTaken, "\(name)")
    }
    #expect(notice == DeprecationNotice(since: since))
  }
}
