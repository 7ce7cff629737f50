import Accounts
import Time

extension UsageRecord {
  static func test(
    key: KeyID = KeyID("AAAAAAAA") ?? .anonymous, model: String = "minilm",
    time: UnixTime = UnixTime(seconds: 1_795_132_800), latency: Duration = .milliseconds(3),
    status: Int = 0, tokensIn: Int = 5, tokensOut: Int = 2, cached: Bool = false,
    requestID: String = "r"
  ) -> UsageRecord {
    UsageRecord(
      key: key, model: model, version: 1, endpoint: "/apus.v1.Inference/Predict", time: time,
      latency: latency, status: status, instances: 1, tokensIn: tokensIn, tokensOut: tokensOut,
      cached: cached, requestID: requestID)
  }
}
