import Foundation
import Messages
import TestMessages

/// The package's root, from this file's own place.
let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// An encoded message that another implementation wrote.
struct Fixture: Sendable, CustomStringConvertible {
  let typeName: String
  let bytes: [UInt8]
  let line: Int
  var description: String { "messages.txt:\(line) \(typeName)" }

  /// Everything in Tests/Fixtures/messages/messages.txt, which make.py beside it writes.
  static let all: [Fixture] = {
    let path = packageRoot.appending(path: "Tests/Fixtures/messages/messages.txt")
    let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").enumerated().map { index, line in
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      return Fixture(
        typeName: String(parts[0]), bytes: decode(hex: String(parts[1])), line: index + 1)
    }
  }()

  /// The Swift types of the messages in the file.
  static let types: [String: any BridgedMessage.Type] = {
    let types: [any BridgedMessage.Type] = [
      ApusTesting.Scalars.self, ApusTesting.Maps.self, ApusTesting.Choice.self,
      ApusTesting.Tree.self, ApusTesting.Keywords.self, ApusTesting.Old.self,
      ApusTesting.Sparse.self, ApusTesting.Outer.self, ApusTesting.String_.self,
      ApusV1.PredictRequest.self, ApusV1.PredictResponse.self, ApusV1.StreamPredictRequest.self,
      ApusV1.StreamPredictResponse.self, ApusV1.ModelInfo.self,
    ]
    return Dictionary(uniqueKeysWithValues: types.map { ($0.messageName, $0) })
  }()
}

func decode(hex: String) -> [UInt8] {
  let digits = Array(hex.utf8)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) ?? 0
  }
}
