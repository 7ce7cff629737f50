import Batching
import Inference
import Messages
import Testing

@testable import Serving

@Suite struct StatusErrorsTests {
  @Test(arguments: [
    (BatchingError.Code.queueFull, Status.Code.resourceExhausted),
    (.queueTimeout, .resourceExhausted), (.hopeless, .resourceExhausted),
    (.deadlineExceeded, .deadlineExceeded), (.tooLarge, .invalidArgument),
    (.invalidRequest, .invalidArgument), (.stopped, .unavailable), (.backendFailed, .internal),
  ])
  func everyErrorHasItsCode(code: BatchingError.Code, expected: Status.Code) throws {
    let status = Status(BatchingError(code, "why", retryAfter: .microseconds(1500)))
    #expect(status.code == expected)
    #expect(status.message == "why")
    let pushback = status.metadata["grpc-retry-pushback-ms"]
    #expect(pushback == (expected == .resourceExhausted ? "2" : nil))
    #expect(status.details.isEmpty == (expected != .resourceExhausted))
  }

  @Test func whoCanNeverSucceedIsNotToldToComeBack() {
    let status = Status(BatchingError(.queueTimeout, "split it"))
    #expect(status.code == .resourceExhausted)
    #expect(status.metadata["grpc-retry-pushback-ms"] == nil && status.details.isEmpty)
  }

  @Test func aModelsRefusalIsTheCallersMistake() {
    let cause = InferenceError(.invalidInput, "token 7 is too many")
    let status = Status(BatchingError(.backendFailed, "the model failed", cause: cause))
    #expect(status.code == .invalidArgument && status.message == "token 7 is too many")
  }
}
