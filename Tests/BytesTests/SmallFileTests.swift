import Bytes
import Foundation
import TestSupport
import Testing

@Suite struct SmallFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [0, 1, 4_095, 10_000]) func readsAllOfAFile(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    try folder.write("a", bytes)
    #expect(try SmallFile.bytes(folder.file("a"), limit: 10_000) == bytes)
  }

  @Test func refusesWhatIsTooLong() throws {
    try folder.write("a", "12345")
    #expect { try SmallFile.bytes(folder.file("a"), limit: 4) } throws: {
      "\($0)".hasSuffix("a: has more than 4 bytes, which is what is allowed")
    }
  }

  @Test func refusesWhatIsNoFile() throws {
    mkfifo(folder.file("pipe"), 0o600)
    for (name, words) in [("none", "cannot be opened"), ("pipe", "regular"), (".", "regular")] {
      #expect { try SmallFile.bytes(folder.file(name), limit: 4) } throws: {
        "\($0)".contains(words)
      }
    }
  }

  /// As editors do it that write in place. A mapped file would end the process.
  @Test func aFileMayBeCutShortMeanwhile() throws {
    let path = folder.file("a")
    try folder.write("a", [UInt8](repeating: 7, count: 1 << 20))
    let cutting = Thread {
      for number in 0..<2_000 { truncate(path, number.isMultiple(of: 2) ? 0 : 1 << 20) }
    }
    cutting.start()
    while !cutting.isFinished {
      let count = try SmallFile.bytes(path, limit: 2 << 20).count
      #expect(count <= (1 << 20) + 1)
    }
  }
}
