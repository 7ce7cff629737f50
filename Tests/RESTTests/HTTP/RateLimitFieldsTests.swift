@testable import REST
import Testing

@Suite struct RateLimitFieldsTests {
  private func fields(_ policy: String, _ state: String) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: RateLimitFields.openAI(policy: policy, state: state)
        .map { ($0.name, $0.value) })
  }

  @Test func theTighterLimitOfKeyAndModelIsTold() {
    let policy =
      "\"requests\";q=100;w=60, \"tokens\";q=5000;w=60, "
      + "\"concurrent\";q=8;qu=\"concurrent-requests\", \"model-requests\";q=10;w=600"
    let state =
      "\"requests\";r=97;t=60, \"tokens\";r=4940;t=7, \"concurrent\";r=5, "
      + "\"model-requests\";r=7;t=605"
    #expect(
      fields(policy, state) == [
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "7",
        "x-ratelimit-reset-requests": "10m5s",
        "x-ratelimit-limit-tokens": "5000",
        "x-ratelimit-remaining-tokens": "4940",
        "x-ratelimit-reset-tokens": "7s",
      ])
  }

  @Test func anUnusedLimitIsFullNow() {
    #expect(
      fields("\"tokens\";q=5;w=60", "\"tokens\";r=5") == [
        "x-ratelimit-limit-tokens": "5", "x-ratelimit-remaining-tokens": "5",
        "x-ratelimit-reset-tokens": "0s",
      ])
  }

  @Test(arguments: [
    "", ",", ";", "\"", "\"\"", "requests", "\"requests\"", "\"concurrent\";r=1",
    "\"requests\";r=;=;t=x", "\"month-requests\";r=1;t=9",
  ])
  func otherTextsTellNothingThatIsNotThere(_ text: String) {
    for field in RateLimitFields.openAI(policy: text, state: text) {
      #expect(field.value == "0" || field.value == "0s")
    }
  }
}
