import Bytes
import Messages
import Models
import TestSupport
import Testing

/// Broken files: each is read or refused with an error; run under AddressSanitizer too, where any
/// read outside of the file ends the run.
struct ONNXMutationTests {
  static let names = ["types", "control", "function", "operators", "external/model"]

  private func bytes(_ name: String) throws -> [UInt8] { try Fixture.bytes("onnx/\(name).onnx") }

  /// Reads all there is of a file; false if it is refused.
  private func isRead(_ bytes: [UInt8]) -> Bool {
    do throws(ONNXError) {
      let path = "\(Fixture.package)/Tests/Fixtures/onnx/external/broken.onnx"
      readAll(try ONNXModel(MappedFile(contents: bytes, name: path)).graph)
      return true
    } catch {
      #expect(!error.problems.isEmpty && error.problems.count <= ONNXError.limit)
      #expect(error.problems.allSatisfy { !$0.reason.isEmpty })
      return false
    }
  }

  private func readAll(_ graph: ONNXGraph) {
    for tensor in graph.initializers { readAll(tensor) }
    for node in graph.nodes {
      for attribute in node.attributes.values {
        switch attribute {
        case .tensor(let tensor): readAll(tensor)
        case .graph(let graph): readAll(graph)
        default: break
        }
      }
    }
  }

  private func readAll(_ tensor: ONNXTensor) {
    let numbers = (tensor.floats()?.count, tensor.int64s()?.count, tensor.bools()?.count)
    for count in [numbers.0, numbers.1, numbers.2] {
      #expect(count == nil || count == tensor.elementCount)
    }
    #expect(
      tensor.elementType == .string
        ? tensor.strings.count == tensor.elementCount
        : tensor.data.count == tensor.elementType.byteCount(of: tensor.elementCount))
  }

  @Test(arguments: names) func survivesEveryCut(name: String) throws {
    let bytes = try bytes(name)
    #expect(isRead(bytes))
    // Of whole fields at the end a file may be without a few.
    let cuts = bytes.indices.filter { isRead(Array(bytes[..<$0])) }
    #expect(cuts.count <= 2)
  }

  @Test(arguments: names) func survivesFlippedBitsInEveryByte(name: String) throws {
    var bytes = try bytes(name)
    for place in bytes.indices {
      // The highest says whether a number goes on.
      for bit in [7, place % 7] {
        bytes[place] ^= 1 << UInt8(bit)
        _ = isRead(bytes)
        bytes[place] ^= 1 << UInt8(bit)
      }
    }
  }

  @Test(arguments: names, 0..<2) func survivesFaults(name: String, seed: UInt64) throws {
    let bytes = try bytes(name)
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<800 where !isRead(Mutation.mutate(bytes, &generator)) { refused += 1 }
    #expect(refused > 250)
  }

  /// Lengths and counts that no file has, in front of files that are fine.
  @Test func takesNoMemoryOnTheWordOfAFile() {
    let huge: [[UInt8]] = [
      [0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
    ]
    let body = ONNXBuilder.identity.encoded()
    for length in huge {
      for tag: UInt8 in [0x3A, 0x42, 0x12, 0x72] { #expect(!isRead([tag] + length + body)) }
    }
    let tensor = Onnx.TensorProto(
      dims: [1 << 40], dataType: ONNXElementType.int8.rawValue, int32Data: [1], name: "w")
    let nodes = [ONNXBuilder.node("Neg", ["x"], ["y"])]
    #expect(
      !isRead(
        ONNXBuilder.model(ONNXBuilder.graph(nodes, initializers: [tensor])).encoded()))
  }
}
