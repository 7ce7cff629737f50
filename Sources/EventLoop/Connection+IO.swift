internal import Bytes
internal import CLinux
internal import Glibc
internal import TLS

extension Connection {
  /// One read a turn: what does not fit stays in the kernel and makes the socket readable again,
  /// so that a flood on one connection takes no more than its turn. What the handler leaves of it
  /// is the next turn's.
  func read() {
    let buffer = unsafe loop.readBuffer
    let count = unsafe cl_receive(fd, buffer.baseAddress, buffer.count)
    if count > 0 {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)])
      if let tls { return unsafe unseal(bytes, tls) }
      unsafe hand(bytes)
    } else if count == 0 {
      if phase == .securing { return failHandshake(TLSError("the other side went away")) }
      endPeer()
    } else if count != -Int64(EAGAIN) {
      lose(Int32(-count))
    }
  }

  /// Gives the handler what was read; what it does not take is kept for the next turn.
  func hand(_ bytes: UnsafeRawBufferPointer) {
    guard phase == .open, let handler else { return }
    let taken = unsafe handler.received(bytes)
    guard taken < bytes.count, phase == .open else { return }
    unsafe untaken.append(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
    loop.hesitant.append(self)
  }

  /// The peer sends no more.
  func endPeer() {
    hasPeerEnded = true
    if phase == .lingering { return close(.local) }
    updateInterest()
    if phase == .open { handler?.receivedEnd() }
  }

  /// What the handler left of the last read. Whoever closes gets no more of it, and reads on.
  func offerAgain() {
    if phase == .open, let handler {
      let taken = unsafe untaken.withUnsafeBytes { unsafe handler.received($0) }
      untaken.consume(taken)
    }
    if phase == .open && !untaken.isEmpty {
      loop.hesitant.append(self)
    } else {
      untaken.removeAll(keepingCapacity: 0)
      endPeerOfSession()
    }
  }

  /// The turn's one gathered write.
  func flush() {
    isDirty = false
    guard phase == .open || phase == .flushing, leftover.isEmpty, let handler else { return }
    let limit = loop.configuration.writeLimit
    let hasMore = handler.gather(into: &loop.output, limit: limit)
    defer { loop.output.removeAll(keepingCapacity: 4 * limit) }
    guard phase == .open || phase == .flushing else { return }
    guard !loop.output.isEmpty else { return hasMore ? setNeedsWrite() : finishFlush() }
    if let tls, !seals(tls) { return }
    let sent = unsafe loop.output.withUnsafeBytes { bytes in
      unsafe cl_send(fd, bytes.baseAddress, bytes.count)
    }
    guard sent >= 0 || sent == -Int64(EAGAIN) else { return lose(Int32(-sent)) }
    loop.output.consume(Int(max(sent, 0)))
    if loop.output.isEmpty { return hasMore ? setNeedsWrite() : finishFlush() }
    unsafe loop.output.withUnsafeBytes { rest in unsafe leftover.append(rest) }
    wantsGather = hasMore
    updateInterest()
  }

  /// The kernel has room again for what it refused.
  func sendLeftover() {
    let sent = unsafe leftover.withUnsafeBytes { bytes in
      unsafe cl_send(fd, bytes.baseAddress, bytes.count)
    }
    guard sent >= 0 || sent == -Int64(EAGAIN) else { return lose(Int32(-sent)) }
    leftover.consume(Int(max(sent, 0)))
    guard leftover.isEmpty else { return }
    leftover.removeAll(keepingCapacity: 0)
    updateInterest()
    if phase == .open { handler?.writable() }
    if wantsGather || phase == .flushing {
      wantsGather = false
      setNeedsWrite()
    }
  }
}
