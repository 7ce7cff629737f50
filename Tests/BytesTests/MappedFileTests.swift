import Bytes
import Foundation
import Testing

struct MappedFileTests {
  private func temporary(_ contents: [UInt8]) throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-\(UUID().uuidString)").path
    try Data(contents).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func mapsAWholeFile() throws {
    let path = try temporary(Array("hello".utf8))
    defer { unlink(path) }
    let file = try MappedFile(path: path)
    #expect(file.count == 5)
    #expect(file.bytes.byteCount == 5)
    #expect(unsafe file.bytes.unsafeLoad(fromByteOffset: 4, as: UInt8.self) == UInt8(ascii: "o"))
  }

  @Test func outlivesTheNameAndTheFirstOwner() throws {
    let path = try temporary(Array("hello".utf8))
    var file: MappedFile? = try MappedFile(path: path)
    let region = try #require(file?.region(1..<4))
    unlink(path)
    file = nil
    #expect(region.count == 3)
    #expect(unsafe region.bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == 0x65)
  }

  @Test func mapsAnEmptyFile() throws {
    let path = try temporary([])
    defer { unlink(path) }
    let file = try MappedFile(path: path)
    #expect(file.count == 0)
    #expect(file.bytes.byteCount == 0)
  }

  @Test func refusesRegionsOutside() {
    let file = MappedFile(contents: [1, 2, 3], name: "memory")
    #expect(file.region(0..<3)?.count == 3)
    #expect(file.region(3..<3)?.count == 0)
    #expect(file.region(1..<4) == nil)
    #expect(file.region(-1..<2) == nil)
  }

  @Test func doesNotWaitForPipes() throws {
    let path = try temporary([])
    unlink(path)
    #expect(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    let error = #expect(throws: FileError.self) { try MappedFile(path: path) }
    #expect(error?.reason == "is not a regular file")
  }

  @Test func saysWhatIsWrong() throws {
    let missing = #expect(throws: FileError.self) { try MappedFile(path: "/nowhere/at/all") }
    #expect(missing?.isMissing == true)
    #expect(
      missing?.description == "/nowhere/at/all: cannot be opened: No such file or directory")
    let folder = #expect(throws: FileError.self) { try MappedFile(path: "/") }
    #expect(folder?.description == "/: is not a regular file")
    let path = try temporary([1, 2, 3])
    defer { unlink(path) }
    let large = #expect(throws: FileError.self) { try MappedFile(path: path, limit: 2) }
    #expect(large?.reason == "has 3 bytes; at most 2 are allowed")
  }
}

struct PackedStringsTests {
  @Test func keepsStringsApart() {
    let strings = PackedStrings(["a", "", "größe"])
    #expect(strings.count == 3)
    #expect((0..<3).map(strings.string) == ["a", "", "größe"])
    #expect(strings[1].count == 0)
    #expect(strings[2].count == 7)
    #expect(strings.range(2) == 1..<8)
  }
}
