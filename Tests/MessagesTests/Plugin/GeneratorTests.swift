import Foundation
import Testing

/// The plugin through protoc, as users run it.
@Suite struct GeneratorTests {
  /// Built beside the tests.
  private static let plugin: String? = {
    // The test runner and its bundle lie in different places by version; the folder is the same.
    let candidates =
      CommandLine.arguments.map { URL(filePath: $0) } + [
        packageRoot.appending(path: ".build/debug/x"),
        packageRoot.appending(path: ".build/release/x"),
      ]
    return candidates.map {
      $0.deletingLastPathComponent().appending(path: "protoc-gen-apus").path
    }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  private struct Outcome {
    var status: Int32
    var errors: String
  }

  private func run(_ program: String, _ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    // A plugin lives for one request and leaves its memory to the system; under the address
    // sanitizer that is no leak to fail on.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["ASAN_OPTIONS": "detect_leaks=0"]) { $1 }
    let errors = Foundation.Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, errors: String(decoding: text, as: UTF8.self))
  }

  /// The golden test: all that is committed is what the generator makes, byte for byte.
  @Test func generatedCodeIsUpToDate() throws {
    let plugin = try #require(Self.plugin, "protoc-gen-apus is not built")
    let outcome = try run(
      packageRoot.appending(path: "tools/generate").path, ["--check", "--plugin", plugin])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// And a difference is seen.
  @Test func differencesAreReported() throws {
    let plugin = try #require(Self.plugin, "protoc-gen-apus is not built")
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "apus-generate-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for part in ["proto", "tools"] {
      try FileManager.default.copyItem(
        at: packageRoot.appending(path: part), to: folder.appending(path: part))
    }
    let generate = folder.appending(path: "tools/generate").path
    #expect(try run(generate, ["--plugin", plugin]).status == 0)
    #expect(try run(generate, ["--check", "--plugin", plugin]).status == 0)
    let changed = folder.appending(path: "Sources/Messages/Generated/apus.v1.inference.pb.swift")
    try Data("// edited\n".utf8).write(to: changed)
    let outcome = try run(generate, ["--check", "--plugin", plugin])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("run tools/generate"))
    #expect(outcome.errors.contains("apus.v1.inference.pb.swift"))
  }

  /// What is not supported is refused with the place and a way out.
  @Test(arguments: [
    (
      "syntax = \"proto2\"; message A { optional group B = 1 { optional int32 c = 1; } }",
      "", "t.proto: A.b: groups are not supported"
    ),
    (
      "syntax = \"proto2\"; message A { extensions 1 to 9; } extend A { optional int32 x = 1; }",
      "", "t.proto: extensions (`extend`) are not supported"
    ),
    (
      "syntax = \"proto2\"; message A { extensions 1 to 9; extend A { optional int32 x = 1; } }",
      "", "t.proto: A: extensions (`extend`) are not supported"
    ),
    (
      "syntax = \"proto2\"; package p; message A { required B b = 1; } "
        + "message B { required A a = 1; }",
      "", "A.b: a message that requires one of its own kind has no end"
    ),
    ("syntax = \"proto3\"; message A {}", "", "t.proto: a package is needed"),
    (
      "syntax = \"proto3\"; package p; option swift_prefix = \"a b\";",
      "", "t.proto: swift_prefix `a b` must be a name that Swift can have"
    ),
    ("syntax = \"proto3\";", "Visibility=open", "must be one of public, package, internal"),
    ("syntax = \"proto3\";", "Emit=java", "must be one of swift, c"),
    ("syntax = \"proto3\";", "CModule=not-a-name", "must be the name of a module"),
    ("syntax = \"proto3\";", "Colour=red", "option Colour: not known"),
  ])
  func refusals(source: String, option: String, message: String) throws {
    let outcome = try generate(source, option)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  /// What protoc tells apart and Swift would not is named, both of it.
  @Test(arguments: [
    (
      "service S { rpc Foo(A) returns (A); rpc foo(A) returns (A); }",
      "t.proto: p.S: rpc Foo and rpc foo would both be `foo` in Swift; rename one of them"
    ),
    (
      "message GreeterClient {} service Greeter {}",
      "message p.GreeterClient and the client of service p.Greeter would both be `GreeterClient`"
    ),
    (
      "service Greeter {} service GreeterClient {}",
      "the client of service p.Greeter and service p.GreeterClient would both be"
    ),
    (
      "message Self {} service self {}",
      "message p.Self and service p.self would both be `Self_` in Swift"
    ),
    ("message Foo_Bar {} message FooBar {}", "message p.Foo_Bar and message p.FooBar would both"),
    ("message Any {} enum any { Z = 0; }", "message p.Any and enum p.any would both be `Any_`"),
    (
      "message M { message Foo {} enum foo { Z = 0; } }",
      "t.proto: p.M: message p.M.Foo and enum p.M.foo would both be `Foo`"
    ),
    (
      "message M { oneof a_b { int32 x = 1; } oneof aB { int32 y = 2; } }",
      "t.proto: p.M: oneof a_b and oneof aB would both be `aB`"
    ),
  ])
  func clashes(source: String, message: String) throws {
    let outcome = try generate("syntax = \"proto3\"; package p; message A {} " + source, "")
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test func acceptsAMessageWithinItself() throws {
    let outcome = try generate("syntax = \"proto3\"; package p; message A { A a = 1; }", "")
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  private func generate(_ source: String, _ option: String) throws -> Outcome {
    let plugin = try #require(Self.plugin, "protoc-gen-apus is not built")
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "apus-plugin-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(source.utf8).write(to: folder.appending(path: "t.proto"))
    return try run(
      "/usr/bin/env",
      [
        "protoc", "-I\(folder.path)", "--plugin=protoc-gen-apus=\(plugin)",
        "--apus_out=\(option):\(folder.path)", "t.proto",
      ])
  }
}
