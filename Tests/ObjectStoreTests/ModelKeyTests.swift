import Testing

@testable import ObjectStore

@Suite struct ModelKeyTests {
  @Test func keysNameFiles() throws {
    #expect(
      try ModelKey("minilm/3/model.safetensors")
        == .file(model: "minilm", version: 3, path: "model.safetensors"))
    #expect(
      try ModelKey("a.b_c-D/12/onnx/weights/x y.bin")
        == .file(model: "a.b_c-D", version: 12, path: "onnx/weights/x y.bin"))
    #expect(try ModelKey("minilm/model.yaml") == .settings(model: "minilm"))
    #expect(try ModelKey("minilm/3/") == .folder)
    #expect(try ModelKey("minilm/") == .folder)
    let name = String(repeating: "n", count: ModelKey.nameLimit)
    _ = try ModelKey("m/1/\(name)")
    _ = try ModelKey("m/1/a/b/c/d/e/f/g/h")
  }

  @Test(arguments: [
    "", "/", "/etc/passwd", "m/1/../\u{301}x", "m/1/a/../\u{301}/../x",
    "m//file", "m/1//x", "m/1/../../x", "../1/x", "m/1/..", "./1/x",
    "m/1/./x", "m/1/a\0b", "m/1/a\\..\\b", "m/1/a\nb", "m/0/x", "m/-1/x", "m/01/x", "m/1x/x",
    "m/latest/x", "m/readme.md", "x", ".hidden/1/x", "m o/1/x", "m/1/../",
    "m/99999999999999999999/x",
    "m/1/a/b/c/d/e/f/g/h/i", "m/1/" + String(repeating: "n", count: 256),
    String(repeating: "m", count: 65) + "/1/x",
    "m/1/" + (0..<6).map { "\($0)" + String(repeating: "n", count: 99) }.joined(separator: "/"),
  ])
  func keysThatLeadElsewhereAreLeftOut(_ key: String) {
    #expect { try ModelKey(key) } throws: { error in
      (error as? ObjectStoreError)?.kind == .unusable
    }
  }

  @Test func objectsBecomeVersionsAndTheRestIsNamed() {
    func object(_ key: String) -> StoredObject { StoredObject(key: key, size: 7, tag: "t") }
    let keys = ["b/10/x", "b/9/x", "b/model.yaml", "a/1/z", "a/1/y/w", "a/1/", "a/../x", "notes"]
    let listing = SourceListing(keys.map { object("models/" + $0) }, prefix: "models/")
    #expect(listing.versions.map { "\($0.model) \($0.number)" } == ["a 1", "b 9", "b 10"])
    #expect(listing.versions[0].files.map(\.path) == ["y/w", "z"])
    #expect(listing.versions[0].size == 14)
    #expect(listing.settings.mapValues(\.key) == ["b": "models/b/model.yaml"])
    #expect(listing.problems.count == 2)
    #expect(listing.problems[0].contains("'a/../x'") && listing.problems[1].contains("'notes'"))
  }
}
