internal import RPC

/// Arguments of the test server: `--name value` pairs.
struct Arguments {
  var address = "127.0.0.1:0"
  var loops = 1
  var limits = ServerLimits()
  var grace = Duration.seconds(10)
  var observes = false

  /// - Returns: nil, and prints why, if they make no sense.
  init?(_ words: [String]) {
    var rest = words[...]
    while let name = rest.popFirst() {
      if name == "--observe" {
        observes = true
        continue
      }
      guard let value = rest.popFirst() else {
        print("\(name) needs a value")
        return nil
      }
      if name == "--listen" {
        address = value
      } else if let number = Int(value), set(name, number) {
        continue
      } else {
        print("\(name) \(value) is not understood")
        return nil
      }
    }
  }

  private mutating func set(_ name: String, _ number: Int) -> Bool {
    switch name {
    case "--loops": loops = number
    case "--grace-ms": grace = .milliseconds(number)
    case "--message-size": limits.messageSize = number
    case "--header-size": limits.headerSize = number
    case "--calls-per-connection": limits.callsPerConnection = number
    case "--calls": limits.calls = number
    case "--memory-per-connection": limits.memoryPerConnection = number
    case "--memory": limits.memory = number
    case "--connections": limits.connections = number
    case "--reset-burst": limits.resetBurst = number
    case "--resets-per-second": limits.resetsPerSecond = number
    case "--handshake-ms": limits.handshakeTimeout = .milliseconds(number)
    case "--header-ms": limits.headerTimeout = .milliseconds(number)
    case "--idle-ms": limits.connectionIdle = .milliseconds(number)
    case "--empty-frames-per-second": limits.emptyFramesPerSecond = number
    case "--excess-header-size-per-second": limits.excessHeaderSizePerSecond = number
    case "--stream-window": limits.streamWindow = number
    case "--connection-window": limits.connectionWindow = number
    default: return false
    }
    return true
  }
}
