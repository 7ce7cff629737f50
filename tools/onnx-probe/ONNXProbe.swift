internal import Compute
import Glibc
internal import Inference
internal import Models

/// Runs the ONNX project's own tests of operators and random graphs, as tools/onnx-nodes and
/// tools/onnx-random write them.
///
///     onnx-probe FOLDER      a line for each case that FOLDER/cases lists:
///                            `NAME pass`, `NAME fail REASON`, `NAME unsupported REASON`
///     onnx-probe operators   the operators that are computed, as a table
@main
struct ONNXProbe {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 2 else {
      print("onnx-probe FOLDER | operators")
      exit(2)
    }
    if arguments[1] == "operators" {
      printOperators()
      return
    }
    guard let list = try? String(contentsOfFile: arguments[1] + "/cases") else {
      print("onnx-probe: \(arguments[1])/cases cannot be read")
      exit(1)
    }
    let processor = try Processor(threads: 2)
    for line in list.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      guard fields.count == 3, let relative = Double(fields[1]), let absolute = Double(fields[2])
      else { continue }
      let test = NodeCase(
        folder: arguments[1] + "/" + fields[0], relative: relative, absolute: absolute,
        processor: processor)
      print("\(fields[0]) \(test.outcome)")
      _ = fflush(nil)
    }
  }

  private static func printOperators() {
    print("| Domain | Versions | Operators |\n|---|---|---|")
    var rows: [(domain: String, versions: String, names: [String])] = []
    for entry in OperatorRegistry.standard.all {
      let versions = entry.versions.clamped(to: ONNXModel.opsets[entry.domain] ?? 1...1)
      let text = "\(versions.lowerBound) to \(versions.upperBound)"
      let domain = entry.domain.isEmpty ? "ai.onnx" : entry.domain
      if let row = rows.firstIndex(where: { $0.domain == domain && $0.versions == text }) {
        rows[row].names.append(entry.name)
      } else {
        rows.append((domain, text, [entry.name]))
      }
    }
    for row in rows {
      print("| \(row.domain) | \(row.versions) | \(row.names.joined(separator: ", ")) |")
    }
  }
}

extension String {
  init(contentsOfFile path: String) throws {
    guard let file = unsafe fopen(path, "r") else { throw GraphError("\(path) cannot be read") }
    defer { unsafe _ = fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&piece, 1, piece.count, file)
      if count == 0 { break }
      bytes += piece[..<count]
    }
    self = String(decoding: bytes, as: UTF8.self)
  }
}
