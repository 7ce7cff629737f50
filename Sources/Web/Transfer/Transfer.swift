internal import CCurl
internal import Glibc

/// A request that waits for its turn, and who waits for the answer.
struct TransferOrder: Sendable {
  typealias Outcome = Result<WebResponse, WebError>

  let id: UInt64
  let request: WebRequest
  let destination: ResponseAssembly.Destination
  /// Called once.
  let answer: @Sendable (Outcome) -> Void
}

/// One request under way: libcurl's handle for it and what its callbacks gather. Belongs to the
/// transfer thread, which keeps it until the handle is out of libcurl's hands.
@safe
final class Transfer {
  let order: TransferOrder
  let handle: UnsafeMutableRawPointer
  private let guarding: AddressGuard
  private var headers: UnsafeMutablePointer<curl_slist>?
  private let message: UnsafeMutablePointer<CChar>
  private var assembly: ResponseAssembly
  private var refusal: ResponseAssembly.Refusal?
  private var forbidden: (address: IPAddress, purpose: InternalPurpose)?
  private var openedSocket = false

  init(_ order: TransferOrder, configuration: WebClient.Configuration) throws(WebError) {
    let host = order.request.url.place
    guard let handle = unsafe ccurl_easy_init() else {
      throw WebError(.failed, host: host, "no memory for a request")
    }
    self.order = order
    unsafe self.handle = handle
    guarding = configuration.addresses
    unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    assembly = ResponseAssembly(
      destination: order.destination, bodyLimit: order.request.responseLimit)
    var setup = unsafe TransferSetup(handle: handle)
    unsafe setup.apply(order.request, configuration)
    unsafe setup.pointer(CURLOPT_ERRORBUFFER, message)
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe setup.sink(CURLOPT_HEADERFUNCTION, receiveHeaderLine)
    unsafe setup.pointer(CURLOPT_HEADERDATA, context)
    unsafe setup.sink(CURLOPT_WRITEFUNCTION, receiveBody)
    unsafe setup.pointer(CURLOPT_WRITEDATA, context)
    unsafe setup.opener(openGuardedSocket)
    unsafe setup.pointer(CURLOPT_OPENSOCKETDATA, context)
    unsafe headers = setup.headers
    guard unsafe setup.firstFailure == CURLE_OK else {
      let reason = unsafe String(cString: ccurl_easy_strerror(setup.firstFailure))
      throw WebError(.failed, host: host, "libcurl refused an option: \(reason)")
    }
  }

  deinit {
    unsafe ccurl_easy_cleanup(handle)
    unsafe ccurl_slist_free_all(headers)
    unsafe message.deallocate()
  }

  /// What became of the request, once libcurl says that it is done.
  func outcome(_ code: CURLcode) -> TransferOrder.Outcome {
    if code == CURLE_OK, let status = assembly.status {
      return .success(
        WebResponse(status: status, headers: assembly.headers, body: assembly.body))
    }
    return .failure(error(code))
  }

  private func error(_ code: CURLcode) -> WebError {
    let host = order.request.url.place
    if let refusal { return WebError(refusal, host: host, status: assembly.status) }
    if let forbidden, !openedSocket {
      return WebError(
        .forbiddenAddress, host: host,
        "\(forbidden.address) is a \(forbidden.purpose.rawValue) address, and this client may only "
          + "reach the public internet; the operator can open it")
    }
    let detail = unsafe String(cString: message)
    return WebError(
      code, host: host,
      detail: detail.isEmpty ? unsafe String(cString: ccurl_easy_strerror(code)) : detail,
      progress: progress, timeouts: order.request.timeouts, status: assembly.status)
  }

  /// Since the start, in microseconds: now, and when the connection stood (0 if it never did).
  private var progress: (elapsed: Int64, connected: Int64) {
    var elapsed: curl_off_t = 0
    var connected: curl_off_t = 0
    unsafe ccurl_get_offset(handle, CURLINFO_TOTAL_TIME_T, &elapsed)
    let isEncrypted = order.request.url.isEncrypted
    unsafe ccurl_get_offset(
      handle, isEncrypted ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T, &connected)
    return (Int64(elapsed), Int64(connected))
  }

  // MARK: libcurl's callbacks

  fileprivate func headerLine(_ bytes: UnsafeRawBufferPointer) -> Int {
    refusal = assembly.addHeaderLine(unsafe String(decoding: bytes, as: UTF8.self))
    return refusal == nil ? bytes.count : 0
  }

  fileprivate func bodyPiece(_ bytes: UnsafeRawBufferPointer) -> Int {
    refusal = unsafe assembly.addBody(bytes)
    // Fewer bytes than were given end the transfer.
    return refusal == nil ? bytes.count : -1
  }

  fileprivate func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
    let target = unsafe withUnsafePointer(to: &address.pointee.addr) {
      unsafe IPAddress(socketAddress: $0)
    }
    guard let target else { return CURL_SOCKET_BAD }
    if let purpose = guarding.refusal(of: target, host: order.request.url.host) {
      forbidden = (target, purpose)
      return CURL_SOCKET_BAD
    }
    openedSocket = true
    let kind = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    return unsafe socket(address.pointee.family, kind, address.pointee.protocol)
  }
}

// Functions, not closures: a closure literal may carry an isolation check that traps on a thread
// Swift did not start. The context is the transfer, which outlives its handle's use.

private func receiveHeaderLine(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let context = unsafe context else { return 0 }
  let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  return unsafe transfer.headerLine(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let context = unsafe context else { return 0 }
  let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  return unsafe transfer.bodyPiece(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func openGuardedSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype,
  _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let context = unsafe context, let address = unsafe address else { return CURL_SOCKET_BAD }
  let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  return unsafe transfer.openSocket(address)
}
