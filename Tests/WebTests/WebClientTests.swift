import Foundation
import Glibc
import TestSupport
import Testing

@testable import Web

/// Against a real server; see Servers/http_server.py for its paths.
@Suite(.timeLimit(.minutes(2))) struct WebClientTests {
  private let server: PythonServer
  private let client: WebClient

  init() throws {
    server = try #require(try PythonServer.start("http_server.py"))
    client = try WebClient(Self.open())
  }

  private static func open() throws -> WebClient.Configuration {
    var configuration = WebClient.Configuration()
    configuration.addresses = try AddressGuard(opening: ["127.0.0.1"])
    return configuration
  }

  private func request(
    _ method: WebRequest.Method = .get, _ path: String, host: String = "127.0.0.1"
  ) throws -> WebRequest {
    WebRequest(method, try WebURL("http://\(host):\(server.port)\(path)"))
  }

  private func failure(_ request: WebRequest) async -> WebError? {
    await failureOf(request, client)
  }

  @Test(arguments: [WebRequest.Method.get, .post, .put, .delete])
  func whatIsSentArrives(_ method: WebRequest.Method) async throws {
    var request = try request(method, "/echo?a=1")
    request.headers = [("X-One", "1"), ("X-Empty", "")]
    request.body = Array("hello".utf8)
    let response = try await client.send(request)
    #expect(response.status == 200)
    let seen = try #require(
      try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    let headers = try #require(seen["headers"] as? [String: String])
    let carriesBody = method == .post || method == .put
    #expect(seen["method"] as? String == method.rawValue)
    #expect(seen["path"] as? String == "/echo?a=1")
    #expect(seen["body"] as? String == (carriesBody ? "hello" : ""))
    #expect(headers["x-one"] == "1" && headers["x-empty"] == "")
    #expect(headers["content-type"] == nil && headers["expect"] == nil)
    #expect(response.header("content-length") == "\(response.body.count)")
  }

  @Test func anEmptyBodyAndALongOneArrive() async throws {
    for count in [0, 3_000_000] {
      var request = try request(.post, "/echo")
      request.body = [UInt8](repeating: UInt8(ascii: "z"), count: count)
      request.responseLimit = 4 << 20
      let response = try await client.send(request)
      #expect(response.body.count(where: { $0 == UInt8(ascii: "z") }) == count)
    }
  }

  @Test func theBodyIsBounded() async throws {
    var request = try request(.get, "/bytes/1000")
    request.responseLimit = 1000
    #expect(try await client.send(request).body.count == 1000)
    request.responseLimit = 999
    let error = await failure(request)
    #expect(error?.kind == .tooLarge && error?.status == 200)
    #expect("\(error.map { "\($0)" } ?? "")".contains("over 999 bytes"))
    #expect(await failure(try self.request(.get, "/head/70000"))?.kind == .tooLarge)
  }

  @Test func aRedirectIsAnAnswer() async throws {
    let response = try await client.send(
      try request(.get, "/redirect?to=http://169.254.169.254/latest"))
    #expect(response.status == 302)
    #expect(response.header("location") == "http://169.254.169.254/latest")
  }

  @Test func brokenAnswersSayWhatBroke() async throws {
    #expect(await failure(try request(.get, "/bytes/1000?drop=10"))?.kind == .interrupted)
    #expect(await failure(try request(.get, "/garbage"))?.kind == .malformed)
    let listener = try Listener()
    let closed = listener.port
    listener.close()
    let refused = await failure(WebRequest(.get, try WebURL("http://127.0.0.1:\(closed)/")))
    #expect(refused?.kind == .unreachable && refused?.host == "127.0.0.1:\(closed)")
    var unknown = WebRequest(.get, try WebURL("http://nowhere.invalid/"))
    // Resolvers that get no answer try for a while.
    unknown.timeouts.connect = .seconds(100)
    unknown.timeouts.total = nil
    #expect(await failure(unknown)?.kind == .unresolved)
  }

  @Test func eachTimeoutIsNamed() async throws {
    var total = try request(.get, "/hang")
    total.timeouts.total = .milliseconds(100)
    #expect(await failure(total)?.kind == .timedOut(.total))

    var stalled = try request(.get, "/stall/10")
    stalled.timeouts.total = nil
    stalled.timeouts.stall = .seconds(1)
    #expect(await failure(stalled)?.kind == .timedOut(.stalled))

    // It takes the connection and never begins with the encryption.
    let listener = try Listener()
    defer { listener.close() }
    var silent = WebRequest(.get, try WebURL("https://127.0.0.1:\(listener.port)/"))
    silent.timeouts.connect = .milliseconds(100)
    #expect(await failure(silent)?.kind == .timedOut(.connecting))
  }

  @Test func internalAddressesAreOutOfReach() async throws {
    let guarded = try WebClient()
    for host in ["127.0.0.1", "localhost", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]"] {
      let error = await failureOf(try request(.get, "/echo", host: host), guarded)
      #expect(error?.kind == .forbiddenAddress, "\(host): \(String(describing: error))")
      #expect(error?.description.contains("loopback") == true)
    }
    // The name is open, whatever its address; the address under another name is not.
    var configuration = WebClient.Configuration()
    configuration.addresses = try AddressGuard(opening: ["localhost"])
    let named = try WebClient(configuration)
    #expect(try await named.send(try request(.get, "/echo", host: "localhost")).status == 200)
    #expect(await failureOf(try request(.get, "/echo"), named)?.kind == .forbiddenAddress)
  }

  @Test func headersCannotSmuggleLines() async throws {
    for (name, value) in [("X", "a\r\nY: b"), ("X\r\nY", "b"), ("X:", "b"), ("", "b"), ("X", "\0")]
    {
      var request = try request(.get, "/echo")
      request.headers = [(name, value)]
      #expect(await failure(request)?.kind == .invalidRequest)
    }
  }

  @Test func aSuccessGoesToTheFileAndAnErrorDoesNot() async throws {
    let file = tmpfile()!
    defer { fclose(file) }
    var request = try request(.get, "/bytes/2000000")
    request.responseLimit = 2_000_000
    let response = try await client.download(request, to: fileno(file))
    #expect(response.status == 200 && response.body.isEmpty)
    #expect(lseek(fileno(file), 0, SEEK_CUR) == 2_000_000)
    let missing = try await client.download(try self.request(.get, "/status/404"), to: fileno(file))
    #expect(missing.status == 404 && missing.body == Array("body of the answer".utf8))
    #expect(lseek(fileno(file), 0, SEEK_CUR) == 2_000_000)
  }

  @Test func aFullDiskIsNamed() async throws {
    let full = Glibc.open("/dev/full", O_WRONLY)
    defer { close(full) }
    await #expect {
      try await client.download(try request(.get, "/bytes/100"), to: full)
    } throws: { error in
      (error as? WebError)?.kind == .file && "\(error)".contains("No space left on device")
    }
  }

  @Test func waitingIsBoundedAndCancellingMakesRoom() async throws {
    var configuration = try Self.open()
    configuration.activeLimit = 1
    configuration.waitingLimit = 1
    let narrow = try WebClient(configuration)
    let hanging = try request(.get, "/hang")
    let quick = try request(.get, "/echo")
    let first = Task.immediate { await failureOf(hanging, narrow) }
    let second = Task.immediate { try await narrow.send(quick) }
    #expect(await failureOf(quick, narrow)?.kind == .busy)
    first.cancel()
    #expect(await first.value?.kind == .cancelled)
    #expect(try await second.value.status == 200)
  }

  @Test func whatWaitsCanBeCancelledToo() async throws {
    var configuration = try Self.open()
    configuration.activeLimit = 1
    let narrow = try WebClient(configuration)
    let hanging = try request(.get, "/hang")
    let first = Task.immediate { await failureOf(hanging, narrow) }
    let second = Task.immediate { await failureOf(hanging, narrow) }
    second.cancel()
    #expect(await second.value?.kind == .cancelled)
    let third = Task.immediate { await failureOf(hanging, narrow) }
    narrow.close()
    #expect(await first.value?.kind == .closed)
    #expect(await third.value?.kind == .closed)
    #expect(await failureOf(hanging, narrow)?.kind == .closed)
  }

  @Test func oneThatHangsHoldsUpNobody() async throws {
    var patient = try request(.get, "/hang")
    // They hang until they are cancelled, however slow the machine is.
    patient.timeouts.total = nil
    patient.timeouts.stall = .seconds(3600)
    let hanging = patient
    let stuck = (0..<8).map { _ in Task.immediate { [client] in await failureOf(hanging, client) } }
    for _ in 0..<20 { #expect(try await client.send(try request(.get, "/echo")).status == 200) }
    for task in stuck { task.cancel() }
    for task in stuck { #expect(await task.value?.kind == .cancelled) }
  }
}

private func failureOf(_ request: WebRequest, _ client: WebClient) async -> WebError? {
  do throws(WebError) {
    _ = try await client.send(request)
    return nil
  } catch {
    return error
  }
}

/// A socket that listens and never accepts.
private final class Listener {
  private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  private(set) var port = 0

  init() throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && listen(descriptor, 4) == 0
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    try #require(bound)
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  func close() { _ = Glibc.close(descriptor) }
}
