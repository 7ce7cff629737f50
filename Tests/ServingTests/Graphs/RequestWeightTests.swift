import Messages
import Testing

@testable import Serving

@Suite struct RequestWeightTests {
  private func request(_ instances: ApusV1.Instance...) -> ApusV1.PredictRequest {
    var request = ApusV1.PredictRequest()
    request.instances = instances
    return request
  }

  private func tensor(_ change: (inout ApusV1.Tensor) -> Void) -> ApusV1.Instance {
    var tensor = ApusV1.Tensor()
    change(&tensor)
    return ApusV1.Instance(kind: .tensors(ApusV1.NamedTensors(tensors: ["x": tensor])))
  }

  @Test func whatIsCheckedOnALoopIsShort() {
    let weight = RequestWeight(hasColumns: false)
    let row = ApusV1.Instance(kind: .features(.init(values: Array(repeating: 1, count: 100))))
    #expect(!weight.isLong(request(row)))
    #expect(!weight.isLong(request(tensor { $0.raw = Array(repeating: 0, count: 500 << 10) })))
    #expect(!weight.isLong(request(tensor { $0.floats = Array(repeating: 0, count: 60 << 10) })))
    // Whoever cuts texts into tokens has a measure of its own.
    let text = ApusV1.Instance(kind: .text(String(repeating: "a", count: 1 << 20)))
    #expect(!weight.isLong(request(text)))
  }

  @Test func megabytesAreLong() {
    let weight = RequestWeight(hasColumns: false)
    #expect(weight.isLong(request(tensor { $0.raw = Array(repeating: 0, count: 1 << 20) })))
    #expect(weight.isLong(request(tensor { $0.longs = Array(repeating: 0, count: 100 << 10) })))
    let texts = tensor { tensor in
      tensor.dataType = .bytes
      tensor.byteStrings = Array(repeating: [], count: 5_000)
    }
    #expect(weight.isLong(request(texts)))
    let picture = ApusV1.Image(data: Array(repeating: 0, count: 1 << 20))
    #expect(weight.isLong(request(ApusV1.Instance(kind: .image(picture)))))
  }

  @Test func thousandsOfRowsAreLong() {
    var many = request()
    let row = ApusV1.FeatureRow(values: Array(repeating: 1, count: 4))
    many.instances = Array(repeating: ApusV1.Instance(kind: .features(row)), count: 2_000)
    #expect(RequestWeight(hasColumns: false).isLong(many))
    many.instances = Array(many.instances.prefix(500))
    #expect(!RequestWeight(hasColumns: false).isLong(many))
    #expect(RequestWeight(hasColumns: true).isLong(many))
  }
}
