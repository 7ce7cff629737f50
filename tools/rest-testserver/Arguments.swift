internal import REST

/// Arguments of the test server: `--name value` pairs and switches.
struct Arguments {
  var http = "127.0.0.1:0"
  var loops = 1
  var front = FrontOptions()
  var grace = Duration.seconds(10)
  var asksForKeys = false
  var isReady = true

  /// - Returns: nil, and prints why, if they make no sense.
  init?(_ words: [String]) {
    var rest = words[...]
    while let name = rest.popFirst() {
      if name == "--keys" {
        asksForKeys = true
      } else if name == "--not-ready" {
        isReady = false
      } else if let value = rest.popFirst() {
        guard set(name, value) else {
          print("\(name) \(value) is not understood")
          return nil
        }
      } else {
        print("\(name) needs a value")
        return nil
      }
    }
  }

  private mutating func set(_ name: String, _ value: String) -> Bool {
    switch name {
    case "--http": http = value
    case "--origin": front.allowedOrigins.append(value)
    default:
      guard let number = Int(value) else { return false }
      return set(name, number)
    }
    return true
  }

  private mutating func set(_ name: String, _ number: Int) -> Bool {
    switch name {
    case "--loops": loops = number
    case "--grace-ms": grace = .milliseconds(number)
    case "--body-size": front.limits.bodySize = number
    case "--bodies": front.limits.bodies = number
    case "--header-size": front.limits.headerSize = number
    case "--target-size": front.limits.targetSize = number
    case "--connections": front.limits.connections = number
    case "--connections-per-address": front.limits.connectionsPerAddress = number
    case "--head-ms": front.limits.headTime = .milliseconds(number)
    case "--body-ms": front.limits.bodyTime = .milliseconds(number)
    case "--idle-ms": front.limits.idleTime = .milliseconds(number)
    default: return false
    }
    return true
  }
}
