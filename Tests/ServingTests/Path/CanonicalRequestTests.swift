import Accounts
import Messages
import Testing

@testable import Serving

@Suite struct CanonicalRequestTests {
  private let facts = ModelFacts(task: .embedding, architecture: "bert", quantization: "int8")

  private func bytes(
    _ texts: [String], _ change: (inout ApusV1.PredictRequest) -> Void = { _ in },
    of keyID: KeyID? = nil
  ) -> [UInt8] {
    var request = ApusV1.PredictRequest(
      model: "m", instances: texts.map { ApusV1.Instance(kind: .text($0)) })
    change(&request)
    return CanonicalRequest.bytes(of: request, facts, of: keyID)
  }

  @Test func whatDoesNotChangeAnAnswerIsLeftOut() {
    let plain = bytes(["a"])
    #expect(bytes(["a"]) { $0.requestID = "mine" } == plain)
    #expect(bytes(["a"]) { $0.version = "latest" } == plain)
    #expect(bytes(["a"]) { $0.options = ApusV1.PredictOptions() } == plain)
    #expect(bytes(["a"]) { $0.options = ApusV1.PredictOptions(topK: 0) } == plain)
    #expect(bytes(["a"]) { $0.options = ApusV1.PredictOptions(normalize: false) } == plain)
    #expect(bytes(["a"]) { $0.options = ApusV1.PredictOptions(truncate: true) } == plain)
    #expect(bytes(["a"]) { $0.options = ApusV1.PredictOptions(queueTimeoutMs: 9) } == plain)
  }

  @Test func whateverChangesOneIsIn() throws {
    let one = try #require(KeyID("aaaaaaaa"))
    let two = try #require(KeyID("bbbbbbbb"))
    let all = [
      bytes(["a"]), bytes(["b"]), bytes(["a", ""]), bytes(["", "a"]), bytes(["a", "b"]),
      bytes(["b", "a"]), bytes(["ab"]),
      bytes(["a"]) { $0.options = ApusV1.PredictOptions(topK: 1) },
      bytes(["a"]) { $0.options = ApusV1.PredictOptions(normalize: true) },
      bytes(["a"]) { $0.options = ApusV1.PredictOptions(truncate: false) },
      bytes(["a"], of: one), bytes(["a"], of: two), bytes(["a"], of: .anonymous),
      bytes([]) { $0.instances = [ApusV1.Instance(kind: .features(.init(values: [1])))] },
      bytes([]) { $0.instances = [ApusV1.Instance(kind: .features(.init(values: [1, 2])))] },
      bytes([]) { $0.instances = [ApusV1.Instance(kind: .features(.init(values: [-0.0])))] },
      bytes([]) { $0.instances = [ApusV1.Instance(kind: .features(.init(values: [0.0])))] },
    ]
    #expect(Set(all).count == all.count)
  }
}
