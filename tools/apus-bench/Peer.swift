import Glibc

/// A process that measures a peer: one request line in, one answer line out.
///
/// It is asked between our own rounds, so that both meet the same moods of the machine.
@safe
final class Peer {
  private let process: pid_t
  private let input: Int32
  private let output: UnsafeMutablePointer<FILE>

  /// Starts `command` by the shell.
  init(_ command: String) throws(BenchError) {
    var toPeer: [Int32] = [0, 0]
    var fromPeer: [Int32] = [0, 0]
    guard unsafe pipe(&toPeer) == 0, unsafe pipe(&fromPeer) == 0 else {
      throw BenchError("no pipe")
    }
    for end in toPeer + fromPeer { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, toPeer[0], 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, fromPeer[1], 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [
      strdup("sh"), strdup("-c"), strdup("exec " + command), nil,
    ]
    defer { for index in 0..<3 { unsafe free(arguments[index]) } }
    var child: pid_t = 0
    let failure = unsafe posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, environ)
    close(toPeer[0])
    close(fromPeer[1])
    guard failure == 0, let stream = unsafe fdopen(fromPeer[0], "r") else {
      throw BenchError("'\(command)' does not start")
    }
    process = child
    input = toPeer[1]
    unsafe output = stream
  }

  /// The next line it says; nil when it has ended.
  func line() -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    guard unsafe fgets(&buffer, Int32(buffer.count), output) != nil else { return nil }
    let text = String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.split(separator: "\n").first.map(String.init) ?? ""
  }

  /// Its answer to a request, a number.
  func ask(_ request: String) throws(BenchError) -> Double {
    let bytes = Array((request + "\n").utf8)
    guard unsafe write(input, bytes, bytes.count) == bytes.count, let answer = line(),
      let number = Double(answer)
    else { throw BenchError("the peer gave no number for '\(request)'") }
    return number
  }

  deinit {
    close(input)
    unsafe fclose(output)
    var status: Int32 = 0
    unsafe waitpid(process, &status, 0)
  }
}

/// What one subject reached in alternating rounds.
struct Rates {
  private(set) var values: [Double] = []
  mutating func add(_ value: Double) { values.append(value) }
  var median: Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }
  /// Of a busy machine's rounds, the one it disturbed least.
  var best: Double { values.max() ?? 0 }
}
