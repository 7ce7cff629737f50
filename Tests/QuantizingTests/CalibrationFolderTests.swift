import Bytes
import Images
import Inference
import Models
import TestSupport
import Testing

@testable import Quantizing

struct CalibrationFolderTests {
  private let folder: TemporaryFolder
  private let budget = MemoryBudget(limit: 1 << 24, elementLimit: 1 << 20)

  init() throws { folder = try TemporaryFolder() }

  /// As numpy.save writes it.
  private static func array(
    _ type: String, _ shape: String, _ data: [UInt8], order: String = "False"
  ) -> [UInt8] {
    let header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
      + data
  }

  private func open(
    _ model: ONNXModel = GraphBuilding.network(), _ preprocessor: ImagePreprocessor? = nil,
    count: Int = 100
  ) throws -> CalibrationFolder {
    try CalibrationFolder(
      path: folder.path, of: model, preprocessor: preprocessor, count: count, budget)
  }

  private func complaint(_ body: () throws -> Void) -> String {
    #expect(throws: QuantizationError.self, performing: body)?.description ?? ""
  }

  @Test func arraysBecomeWhatTheInputIs() throws {
    try folder.write("a.npy", Self.array("|u1", "(2, 6, 6)", Array(repeating: 7, count: 72)))
    try folder.write("b.txt", "no sample")
    let samples = try open()
    #expect(samples.samples == ["\(folder.path)/a.npy"])
    guard case .tensor(let tensor) = try samples.values(samples.samples[0])[0] else {
      Issue.record("no tensor")
      return
    }
    #expect(tensor.shape == [1, 2, 6, 6] && tensor.elementType == .float)
    #expect(tensor.values(Float.self)[71] == 7)
  }

  /// Samples are of the types that programs have them in, inputs of the types that models take.
  @Test func arraysOfOtherTypesAreConverted() throws {
    let numbers: [(String, [UInt8])] = [
      ("|u1", [1, 2]), ("<f2", [0, 0x3C, 0, 0x40]), ("<i4", [1, 0, 0, 0, 2, 0, 0, 0]),
      ("<i8", [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
      ("<f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40]),
    ]
    let types: [ONNXElementType] = [.float, .float16, .uint8, .int64]
    for type in types {
      let input = ONNXValueInfo(name: "x", type: .tensor(type, shape: [.symbolic("n"), .fixed(2)]))
      let graph = ONNXGraph(
        name: "one", nodes: [], initializers: [], inputs: [input], outputs: [])
      let model = ONNXModel(path: "one.onnx", irVersion: 8, opsets: ["": 17], graph: graph)
      for (descriptor, data) in numbers {
        try folder.write("a.npy", Self.array(descriptor, "(2,)", data))
        let samples = try open(model)
        guard case .tensor(let tensor) = try samples.values(samples.samples[0])[0] else { continue }
        #expect(tensor.elementType == type && tensor.shape == [1, 2])
        #expect(try tensor.converted(to: .float, budget).values(Float.self).array == [1, 2])
      }
    }
  }

  @Test func samplesAreSpreadOverTheFolder() throws {
    for name in 0..<10 { try folder.write("\(name).npy", []) }
    #expect(try open(count: 5).samples.map { $0.suffix(5) } == [0, 2, 4, 6, 8].map { "\($0).npy" })
  }

  @Test func picturesArePrepared() throws {
    let bytes = try Fixture.bytes("images/rgb.png")
    try folder.write("a.PNG", bytes)
    let samples = try open()
    let refusal = complaint { _ = try samples.values(samples.samples[0]) }
    #expect(refusal.contains("preprocessor_config.json"))
    #expect(samples.hasPictures)
    let preprocessor = try ImagePreprocessor(
      PreprocessorSettings(resizing: .exact(PixelSize(width: 6, height: 6))))
    let prepared = try open(preprocessor: preprocessor)
    guard case .tensor(let tensor) = try prepared.values(samples.samples[0])[0] else {
      Issue.record("no tensor")
      return
    }
    #expect(tensor.shape == [1, 3, 6, 6])
  }

  private func open(preprocessor: ImagePreprocessor?) throws -> CalibrationFolder {
    try open(GraphBuilding.network(), preprocessor)
  }

  @Test func severalInputsAreAFolderEach() throws {
    let graph = ONNXGraph(
      name: "two", nodes: [], initializers: [],
      inputs: ["a", "b"].map { ONNXValueInfo(name: $0, type: .tensor(.float, shape: nil)) },
      outputs: [])
    let model = ONNXModel(path: "two.onnx", irVersion: 8, opsets: ["": 17], graph: graph)
    try folder.write("0/a.npy", Self.array("<f4", "(1,)", [0, 0, 128, 63]))
    try folder.write("0/b.npy", Self.array("<i8", "()", [2, 0, 0, 0, 0, 0, 0, 0]))
    try folder.write("1.npy", Self.array("<f4", "(1,)", [0, 0, 128, 63]))
    let samples = try open(model)
    let values = try samples.values(samples.samples[0]).map { value -> Float in
      guard case .tensor(let tensor) = value else { return -1 }
      return tensor.values(Float.self)[0]
    }
    #expect(values == [1, 2])
    #expect(complaint { _ = try samples.values(samples.samples[1]) }.contains("a.npy, b.npy"))
  }

  @Test func whatIsNoArrayIsRefused() throws {
    let good = Self.array("<f4", "(1,)", [0, 0, 128, 63])
    let bad = [
      [], Array(good.dropLast()), good + [0], Self.array("<c8", "(0,)", []),
      Self.array("<f4", "(1,)", [0, 0, 128, 63], order: "True"), Self.array("<f4", "(-1,)", []),
      Self.array("<f4", "(9223372036854775807, 8)", []), Self.array("<f4", "x", []),
    ]
    for bytes in bad {
      let file = MappedFile(contents: bytes, name: "it.npy")
      #expect(complaint { _ = try NumPyFile(file) }.hasPrefix("it.npy: at byte"))
    }
    #expect(try NumPyFile(MappedFile(contents: good, name: "it.npy")).shape == [1])
  }

  @Test func foldersWithoutSamplesSayWhatIsOne() throws {
    #expect(complaint { _ = try open() }.contains("put 32 to 100 pictures"))
  }
}
