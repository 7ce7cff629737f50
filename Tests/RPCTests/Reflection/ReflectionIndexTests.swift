import Messages
import Testing

@testable import RPC

@Suite struct ReflectionIndexTests {
  static let index = ReflectionIndex(
    files: [.grpcHealthV1Health, .apusV1Inference], serviceNames: ["b.B", "a.A"])

  @Test func findsFilesByNameAndSymbol() throws {
    let named = try #require(Self.index.file(named: "grpc/health/v1/health.proto"))
    #expect(named.count == 1)
    for symbol in [
      "grpc.health.v1.Health", ".grpc.health.v1.Health", "grpc.health.v1.Health.Check",
      "grpc.health.v1.HealthCheckResponse.ServingStatus",
    ] { #expect(Self.index.file(containing: symbol) == named) }
    #expect(Self.index.file(containing: "grpc.health.v1.Nothing") == nil)
    #expect(Self.index.file(named: "nothing.proto") == nil)
    #expect(Self.index.serviceNames == ["a.A", "b.B"])
  }

  @Test func bringsImportsAlongOnceEach() {
    var imports: Set<String> = []
    var open: [FileDescriptor] = [.apusV1Inference]
    while let file = open.popLast() {
      guard imports.insert(file.name).inserted else { continue }
      open.append(contentsOf: file.imports)
    }
    let files = Self.index.file(named: FileDescriptor.apusV1Inference.name)
    #expect(files?.first == FileDescriptor.apusV1Inference.bytes)
    #expect(files.map { Set($0).count } == files?.count, "no file twice")
    #expect((files?.count ?? 0) >= imports.count)
  }
}
