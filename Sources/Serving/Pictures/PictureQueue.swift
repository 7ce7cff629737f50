internal import Accounts

//             enter                 next                    finished
//   request ─────────▶ waiting ───────────────▶ decoding ───────────────▶ gone
//      │ refused          │ displaced, lapsed,      (a picture of a request at a time; the others
//      ▼                  ▼ removed                  wait on)
//
// Whose turn it is: callers share the threads by pixels. Whoever will have had fewest with the next
// picture goes first (self-clocked fair queueing), so a large picture lets small ones of others
// pass until those together are as large. Within a caller's own requests the smallest picture goes
// first, until the oldest has waited for `patience`. One thread of several never takes a large
// picture, so that a small one soon finds a thread; and large ones together never have more pixels
// than a single one may have, or memory would multiply.

/// Which picture is decoded next. Knows no thread, no picture and no clock: time is a parameter.
struct PictureQueue {
  typealias Instant = ContinuousClock.Instant

  struct Options {
    var requests: Int
    var waitingPixels: Int
    /// Pixels that large pictures have together while they are decoded; a single one passes.
    var decodingPixels: Int
    var threads: Int
    /// Most pixels of a small picture.
    var small = 4 << 20
    /// How long a caller's oldest request lets its smaller ones pass.
    var patience = Duration.seconds(1)
  }

  /// A picture whose turn it is.
  struct Turn: Equatable {
    let request: Int
    /// Its place in the request.
    let picture: Int
    let pixels: Int
    let isLarge: Bool
  }

  enum Entrance: Equatable {
    /// - Parameter displaced: requests of others that had to make room, and for which bound.
    case taken(displaced: [Int: PictureLimit])
    case refused(PictureLimit)
  }

  struct Next: Equatable {
    var turn: Turn?
    /// Requests whose time is over.
    var lapsed: [Int] = []
  }

  private struct Request {
    let id: Int
    let owner: KeyID
    /// Pixels of those that wait, and their places; the next one last.
    var pictures: [(place: Int, pixels: Int)]
    var pixels: Int
    let since: Instant
    let lapse: Instant?
    var hasBegun = false

    var next: Int { pictures.last?.pixels ?? 0 }
  }

  /// What a picture costs besides its pixels.
  private static let fixedCost = 64 << 10

  private let options: Options
  /// Those of which a picture waits, in the order in which they came.
  private var waiting: [Request] = []
  /// What each caller has had, in pixels, and what it is taken to have had when it came.
  private var had: [KeyID: Int] = [:]
  /// The least that anybody who comes now is taken to have had: who was away has saved nothing up.
  private var floor = 0
  private(set) var waitingPixels = 0
  private var decoding = (large: 0, largePixels: 0, all: 0)

  init(_ options: Options) { self.options = options }

  var waitingRequests: Int { waiting.count }
  /// Pictures that wait.
  var waitingPictures: Int { waiting.reduce(0) { $0 + $1.pictures.count } }

  // MARK: In

  /// Takes a request in, if need be in the place of what a caller with more of the queue sent last.
  ///
  /// - Parameters:
  ///   - pictures: pixels of each, at least one.
  ///   - lapse: when the request is of no use any more.
  mutating func enter(
    _ id: Int, of owner: KeyID, pictures: [Int], lapse: Instant? = nil, now: Instant
  ) -> Entrance {
    let places = pictures.enumerated().map { (place: $0.offset, pixels: $0.element) }
    let request = Request(
      id: id, owner: owner, pictures: places.reversed(), pixels: pictures.reduce(0, +), since: now,
      lapse: lapse)
    var displaced: [Int: PictureLimit] = [:]
    var rest = self
    while let limit = rest.limit(against: request) {
      guard let victim = rest.victim(of: request, limit) else { return .refused(limit) }
      displaced[victim] = limit
      rest.remove(victim)
    }
    self = rest
    // Whoever waits already keeps the turn that it has earned.
    if !waiting.contains(where: { $0.owner == owner }) { had[owner] = max(had[owner] ?? 0, floor) }
    waiting.append(request)
    waitingPixels += request.pixels
    return .taken(displaced: displaced)
  }

  private func limit(against request: Request) -> PictureLimit? {
    if waiting.count >= options.requests { return .requests }
    return waitingPixels + request.pixels > options.waitingPixels ? .waitingPixels : nil
  }

  /// The latest request, not begun, of the caller that has most of what is short; nil where that is
  /// who comes.
  private func victim(of request: Request, _ limit: PictureLimit) -> Int? {
    func amount(_ owner: KeyID) -> Int {
      waiting.reduce(0) { $1.owner != owner ? $0 : $0 + (limit == .requests ? 1 : $1.pixels) }
    }
    let own = amount(request.owner) + (limit == .requests ? 1 : request.pixels)
    let largest = Set(waiting.map(\.owner)).map { (owner: $0, amount: amount($0)) }
      .max { ($0.amount, $1.owner) < ($1.amount, $0.owner) }
    guard let largest, largest.owner != request.owner, largest.amount > own else { return nil }
    return waiting.last { $0.owner == largest.owner && !$0.hasBegun }?.id
  }

  // MARK: Turns

  /// The picture to be decoded now by a thread that has nothing to do; it must be `finished`.
  mutating func next(now: Instant) -> Next {
    var next = Next()
    next.lapsed = waiting.filter { !$0.hasBegun && ($0.lapse.map { $0 <= now } ?? false) }.map(\.id)
    for id in next.lapsed { remove(id) }
    guard decoding.all < options.threads, let index = choice(now: now) else { return next }
    let owner = waiting[index].owner
    guard let picture = waiting[index].pictures.popLast() else { return next }
    waiting[index].pixels -= picture.pixels
    waiting[index].hasBegun = true
    waitingPixels -= picture.pixels
    let turn = Turn(
      request: waiting[index].id, picture: picture.place, pixels: picture.pixels,
      isLarge: picture.pixels > options.small)
    if waiting[index].pictures.isEmpty { waiting.remove(at: index) }
    begin(turn, owner)
    next.turn = turn
    return next
  }

  private mutating func begin(_ turn: Turn, _ owner: KeyID) {
    decoding.all += 1
    if turn.isLarge {
      decoding.large += 1
      decoding.largePixels += turn.pixels
    }
    let after = (had[owner] ?? floor) + turn.pixels + Self.fixedCost
    had[owner] = after
    floor = max(floor, after)
    // Of those who are no further than newcomers nothing need be known.
    let (active, floor) = (Set(waiting.map(\.owner)), floor)
    had = had.filter { active.contains($0.key) || $0.value > floor }
  }

  private func choice(now: Instant) -> Int? {
    guard let first = best(now: now, { _ in true }) else { return nil }
    if mayBegin(waiting[first].next) { return first }
    // Other large ones wait behind it, or it would never find enough room.
    return best(now: now) { $0 <= options.small }
  }

  private func mayBegin(_ pixels: Int) -> Bool {
    guard pixels > options.small, decoding.large > 0 else { return true }
    return decoding.large < options.threads - 1
      && decoding.largePixels + pixels <= options.decodingPixels
  }

  /// - Parameter isMeant: whether a picture of so many pixels will do.
  private func best(now: Instant, _ isMeant: (Int) -> Bool) -> Int? {
    // Of each caller, its first request that will do.
    var found: [KeyID: (index: Int, pixels: Int, isOverdue: Bool)] = [:]
    var callers: Set<KeyID> = []
    for (index, request) in waiting.enumerated() {
      let isOldest = callers.insert(request.owner).inserted
      guard isMeant(request.next) else { continue }
      let isOverdue = isOldest && request.since.duration(to: now) >= options.patience
      if let other = found[request.owner], other.isOverdue || other.pixels <= request.next {
        continue
      }
      found[request.owner] = (index, request.next, isOverdue)
    }
    return found.map { owner, request in
      ((had[owner] ?? floor) + request.pixels, request.index)
    }.min { $0 < $1 }?.1
  }

  mutating func finished(_ turn: Turn) {
    decoding.all -= 1
    guard turn.isLarge else { return }
    decoding.large -= 1
    decoding.largePixels -= turn.pixels
  }

  // MARK: Out

  /// Nobody wants a request's pictures any more; the one at hand is `finished` all the same.
  mutating func remove(_ id: Int) {
    guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
    waitingPixels -= waiting.remove(at: index).pixels
  }
}
