import CDescriptor
import Glibc

/// Reads protoc's request from standard input and writes the answer to standard output.
func runPlugin() {
  let input = readAll(STDIN_FILENO)
  guard !input.isEmpty, let request = unsafe unpackRequest(input) else {
    let help = "protoc-gen-apus is run by protoc: protoc --apus_out=DIR FILE.proto …\n"
    write(all: Array(help.utf8), to: STDERR_FILENO)
    exit(2)
  }
  var answer = Response()
  do {
    let options = try unsafe Options(parsing: text(request.pointee.parameter))
    switch options.output {
    case .swift:
      let schema = try unsafe Schema(request: request)
      answer.files = try FileGenerator.generate(schema, options)
    case .c:
      let schema = try unsafe Schema(request: request)
      answer.files = try unsafe BridgeGenerator.generate(schema, request)
    }
  } catch let error {
    answer.error = "\(error)"
  }
  write(all: answer.packed(), to: STDOUT_FILENO)
}

/// What the plugin answers: files, or why there are none.
struct Response {
  struct File {
    var name: String
    var content: String
  }
  var files: [File] = []
  var error: String?

  /// The encoded CodeGeneratorResponse. Written by hand: it has three fields, and their text is in
  /// Swift strings.
  func packed() -> [UInt8] {
    var bytes: [UInt8] = []
    if let error { append(1, Array(error.utf8), to: &bytes) }
    // supported_features: proto3 optional.
    bytes += [2 << 3, 1]
    for file in files {
      var encoded: [UInt8] = []
      append(1, Array(file.name.utf8), to: &encoded)
      append(15, Array(file.content.utf8), to: &encoded)
      append(15, encoded, to: &bytes)
    }
    return bytes
  }

  private func append(_ field: UInt8, _ value: [UInt8], to bytes: inout [UInt8]) {
    bytes.append(field << 3 | 2)
    var count = value.count
    while count >= 0x80 {
      bytes.append(UInt8(count & 0x7f) | 0x80)
      count >>= 7
    }
    bytes.append(UInt8(count))
    bytes += value
  }
}

func unpackRequest(
  _ bytes: [UInt8]
) -> UnsafeMutablePointer<Google__Protobuf__Compiler__CodeGeneratorRequest>? {
  unsafe bytes.withUnsafeBufferPointer {
    unsafe google__protobuf__compiler__code_generator_request__unpack(
      nil, $0.count, $0.baseAddress)
  }
}

func readAll(_ descriptor: Int32) -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = unsafe read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    if count <= 0 { return bytes }
    bytes += chunk[..<count]
  }
}

func write(all bytes: [UInt8], to descriptor: Int32) {
  var sent = 0
  unsafe bytes.withUnsafeBytes { buffer in
    while sent < buffer.count {
      let count = unsafe write(descriptor, buffer.baseAddress! + sent, buffer.count - sent)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      sent += count
    }
  }
}
