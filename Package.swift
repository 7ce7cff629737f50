// swift-tools-version: 6.3
import PackageDescription

// Targets stand in flow order: bytes → frames → messages → RPC → models → compute → batches
// → keys and jobs → server. docs/architecture.md says what each may import and why.

let house: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]
let strict = house + [.strictMemorySafety()]

func swift(_ name: String, _ imports: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: imports, swiftSettings: strict)
}

func tests(_ name: String, _ imports: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: imports + ["TestSupport"], swiftSettings: house)
}

// What keeps an idle server small; tools/bench start measures it. lld packs the 37,000 relocations
// of a position-independent program (0.9 MB, all read at start), no symbol is exported as nothing
// is loaded that could ask for one, of the C++ library only what is used is linked, and what a start
// runs stands side by side (tools/link/trace-start; tools/build cuts our code into such pieces).
let lean: LinkerSetting = .unsafeFlags(
  [
    "-use-ld=lld", "-L", Context.packageDirectory + "/tools/link",
    "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--no-export-dynamic",
    "-Xlinker", "--symbol-ordering-file=" + Context.packageDirectory + "/tools/link/start.order",
    "-Xlinker", "--no-warn-symbol-ordering",
  ], .when(configuration: .release))

let package = Package(
  name: "apus",
  products: [
    .executable(name: "apus", targets: ["apus"]),
    .executable(name: "protoc-gen-apus", targets: ["protoc-gen-apus"]),
    .library(name: "ApusRPC", targets: ["RPC", "Messages"]),
  ],
  targets: [
    // The system's C libraries.
    .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2"),
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c"),
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1"),
    .systemLibrary(name: "COpenSSL"),
    .systemLibrary(name: "CSQLite"),
    .systemLibrary(name: "CExpat"),
    // Our own C.
    .target(name: "CLinux"),
    .target(
      name: "CTLS", linkerSettings: [.linkedLibrary(":libssl.a"), .linkedLibrary(":libcrypto.a")]),
    .target(name: "CCurl"),
    .target(name: "CRapidJSON", cxxSettings: [.unsafeFlags(["-fno-exceptions", "-fno-rtti"])]),
    .target(name: "CMicroHTTPD", linkerSettings: [.linkedLibrary(":libmicrohttpd.a")]),
    .target(name: "CMessages", dependencies: ["CProtobufC"]),
    .target(name: "CONNX", dependencies: ["CProtobufC"]),
    .target(name: "CDescriptor", dependencies: ["CProtobufC"]),
    .target(name: "CKernels"),
    .target(
      name: "CImages",
      linkerSettings: [
        .linkedLibrary(":libjpeg.a"), .linkedLibrary(":libpng16.a"), .linkedLibrary(":libz.a"),
        .linkedLibrary(":libwebp.a"),
      ]),

    swift("Bytes", []),
    swift("Threads", ["Bytes", "CLinux"]),
    swift("JSON", ["Bytes", "CRapidJSON"]),
    swift("Metrics", ["Time"]),
    swift("Time", []),
    swift("TLS", ["Bytes", "CTLS", "Time"]),
    swift("EventLoop", ["Bytes", "CLinux", "Threads", "TLS"]),
    swift("HTTP2", ["Bytes", "CNghttp2"]),
    swift("Messages", ["CMessages"]),
    swift("RPC", ["Bytes", "EventLoop", "HTTP2", "Messages", "Metrics", "TLS"]),
    swift("REST", ["Bytes", "CMicroHTTPD", "EventLoop", "JSON", "Messages", "Metrics", "Time"]),
    swift("Models", ["Bytes", "CONNX", "JSON", "Messages"]),
    swift("Tokenizers", ["Bytes", "JSON"]),
    swift("Templates", []),
    swift("Images", ["Bytes", "CImages", "JSON"]),
    swift("Compute", ["CKernels"]),
    swift("Inference", ["Bytes", "Compute", "Models"]),
    swift("Quantizing", ["Bytes", "Compute", "Images", "Inference", "Models"]),
    swift("Batching", ["Inference", "Metrics", "Threads"]),
    swift("Caching", ["Messages"]),
    swift("Crypto", ["COpenSSL"]),
    swift("SQLite", ["CSQLite"]),
    swift("Web", ["Bytes", "CCurl", "Threads"]),
    swift("ObjectStore", ["Bytes", "CExpat", "Threads", "Web"]),
    swift("Accounts", ["Crypto", "Metrics", "SQLite", "Threads", "Time"]),
    swift("Jobs", ["Bytes", "Crypto", "JSON", "SQLite", "Threads", "Time", "Web"]),
    swift(
      "Serving",
      [
        "Accounts", "Batching", "Bytes", "Caching", "Compute", "CYaml", "EventLoop", "Images",
        "Inference", "Jobs", "JSON", "Messages", "Metrics", "Models", "ObjectStore", "REST", "RPC", "Templates",
        "Threads", "Time", "TLS", "Tokenizers", "Web",
      ]),
    .executableTarget(
      name: "apus",
      dependencies: [
        "Accounts", "Bytes", "Jobs", "JSON", "Messages", "Quantizing", "RPC", "Serving", "Time",
      ],
      swiftSettings: strict, linkerSettings: [lean]),
    .executableTarget(
      name: "protoc-gen-apus", dependencies: ["CDescriptor"],
      path: "tools/protoc-gen-apus", swiftSettings: strict),

    .target(name: "CBench", path: "tools/apus-bench/CBench"),
    .executableTarget(
      name: "apus-bench", dependencies: [
        "Bytes", "CBench", "Compute", "Images", "Inference", "JSON", "Models",
      ],
      path: "tools/apus-bench",
      exclude: ["CBench", "load.py", "picture.py", "rpc.py", "service.py", "start.py"], swiftSettings: strict),

    // What tests of several modules share; no product depends on it.
    .target(
      name: "TestSupport", path: "Tests/TestSupport", exclude: ["Servers"], swiftSettings: house),
    .executableTarget(
      name: "jobs-probe", dependencies: ["Jobs", "Web"],
      path: "tools/jobs-probe", swiftSettings: strict),
    .executableTarget(
      name: "accounts-probe", dependencies: ["Accounts", "Metrics", "SQLite", "Threads", "Time"],
      path: "tools/accounts-probe", swiftSettings: strict),
    .executableTarget(
      name: "onnx-probe", dependencies: ["Compute", "Inference", "Models"],
      path: "tools/onnx-probe", swiftSettings: strict),
    .executableTarget(
      name: "rpc-testserver",
      dependencies: ["EventLoop", "Messages", "Metrics", "RPC", "TestMessages"],
      path: "tools/rpc-testserver", swiftSettings: strict),
    .executableTarget(
      name: "rest-testserver", dependencies: ["EventLoop", "Messages", "Metrics", "REST", "RPC"],
      path: "tools/rest-testserver", swiftSettings: strict),

    tests("Bytes", ["Bytes"]),
    tests("Threads", ["Threads"]),
    tests("JSON", ["JSON"]),
    tests("Metrics", ["Metrics"]),
    tests("Time", ["Time"]),
    tests("TLS", ["Bytes", "Time", "TLS"]),
    tests("EventLoop", ["Bytes", "EventLoop", "TLS"]),
    tests("HTTP2", ["Bytes", "CNghttp2", "HTTP2"]),
    .target(
      name: "CTestMessages", dependencies: ["CProtobufC", "CMessages"],
      path: "Tests/CTestMessages"),
    .target(
      name: "TestMessages", dependencies: ["CTestMessages", "Messages"],
      path: "Tests/TestMessages", swiftSettings: strict),
    tests("Messages", ["Messages", "TestMessages", "protoc-gen-apus"]),
    tests(
      "RPC",
      [
        "Bytes", "EventLoop", "HTTP2", "Messages", "Metrics", "RPC", "TestMessages",
        "rpc-testserver",
      ]),
    tests(
      "REST",
      [
        "Bytes", "EventLoop", "JSON", "Messages", "Metrics", "REST", "RPC", "Time",
        "rest-testserver",
      ]),
    tests("Models", ["Bytes", "Messages", "Models"]),
    tests("Tokenizers", ["Bytes", "JSON", "Models", "Tokenizers"]),
    tests("Templates", ["Templates"]),
    tests("Images", ["CImages", "Images", "JSON"]),
    tests("Compute", ["CKernels", "Compute"]),
    tests("Inference", ["Bytes", "Compute", "Inference", "Models", "Tokenizers"]),
    tests("Quantizing", ["Bytes", "Images", "Inference", "Models", "Quantizing"]),
    tests("Batching", ["Batching", "Inference", "Metrics"]),
    tests("Caching", ["Caching", "Messages"]),
    tests("Crypto", ["Crypto"]),
    tests("SQLite", ["SQLite"]),
    tests("Web", ["Web"]),
    tests("ObjectStore", ["ObjectStore", "Web"]),
    tests(
      "Accounts",
      ["Accounts", "Crypto", "Metrics", "SQLite", "Threads", "Time", "accounts-probe"]),
    tests("Jobs", ["Jobs", "SQLite", "Time", "Web", "jobs-probe"]),
    tests(
      "Serving",
      [
        "Accounts", "Batching", "Bytes", "EventLoop", "Images", "Inference", "Jobs", "Messages",
        "Metrics", "Models", "ObjectStore", "REST", "RPC", "Serving", "Templates", "Threads", "Time",
        "Tokenizers",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17,
  cxxLanguageStandard: .cxx17
)

// Builds the tests of some modules alone, with what these need: tools/test sanitizers.
if let wanted = Context.environment["APUS_TESTS"] {
  var kept: Set<String> = []
  var names = wanted.split(separator: " ").map { "\($0)Tests" }
  while let name = names.popLast() {
    guard kept.insert(name).inserted, let target = package.targets.first(where: { $0.name == name })
    else { continue }
    for case .byNameItem(let needed, _) in target.dependencies { names.append(needed) }
  }
  package.targets.removeAll { !kept.contains($0.name) }
  package.products = []
}
