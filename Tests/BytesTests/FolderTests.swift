import Bytes
import Foundation
import TestSupport
import Testing

struct FolderTests {
  @Test func tellsWhereAPathLies() {
    for (path, parent) in [
      ("a/b", "a"), ("a/b/", "a"), ("a//b", "a"), ("a", "."), ("a/", "."), ("", "."), ("/a", "/"),
      ("/a/", "/"), ("/", "/"), ("//", "/"), ("//a", "/"), ("./a", "."), ("/a/b/c", "/a/b"),
    ] {
      #expect(Folder.parent(of: path) == parent, "\(path)")
    }
  }

  @Test func findsFilesWithinAFolder() throws {
    let folder = try TemporaryFolder()
    try folder.write("a/b/file", "x")
    try folder.write("ab/file", "x")
    let real = try #require(try Folder.path(of: "a", within: folder.path))
    #expect(try Folder.path(of: "b/file", within: folder.file("a")) == "\(real)/b/file")
    #expect(try Folder.path(of: "b/../b//file", within: folder.file("a")) == "\(real)/b/file")
    #expect(try Folder.path(of: "etc", within: "/") == "/etc")
    for outside in [".", "..", "../ab/file", "b/../../ab/file"] {
      #expect(try Folder.path(of: outside, within: folder.file("a")) == nil)
    }
    let error = #expect(throws: FileError.self) {
      try Folder.path(of: "none", within: folder.path)
    }
    #expect(error?.isMissing == true)
  }
}
