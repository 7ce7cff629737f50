internal import ObjectStore

/// Where versions of models come from: a folder, or a bucket with a folder of what was fetched.
///
/// The keeper's thread alone calls it, and waits for none of it: what takes longer than a look at a
/// disk, a source does elsewhere and says `news` when it is done.
protocol ModelSource: Sendable {
  /// As people write it: a path, or `s3://bucket/prefix/`.
  var name: String { get }

  /// Why it cannot be looked at now; nil where it can. What was seen before still stands.
  var problem: String? { get }

  /// Whether it is known what there is, if only as it was before the start.
  var isKnown: Bool { get }

  /// Whether it tells by itself of files that change under a version that answers.
  var tellsOfChanges: Bool { get }

  /// Begins to look by itself, if it does.
  func begin(_ events: SourceEvents)

  /// What is there, as far as it is known; of versions that `look` asks about, whether somebody
  /// still writes them.
  ///
  /// - Throws: where nothing can be said; `problem` otherwise.
  func look(_ look: SourceLook) throws(ConfigurationError) -> ModelDirectory

  /// What the files of a version look like now.
  func stamp(of version: ModelDirectory.Version) -> VersionStamp

  /// Asks for a look at the source itself that begins after this call.
  ///
  /// - Returns: its number, for `hasLooked`. The first is 1, and is made unasked.
  func refresh() -> Int

  /// Whether the look of that number has been made, or has failed.
  func hasLooked(_ number: Int) -> Bool

  /// Begins to bring a version that is elsewhere to this machine.
  func fetch(_ model: String, _ number: Int)

  /// Notes that a version answers from here on, or did until now.
  func noteUse(_ model: String, _ number: Int)

  func end()
}

/// What the keeper wants to know of a source.
struct SourceLook {
  /// Whether somebody says that all is there as it is to be.
  var isComplete = false
  /// Whether it matters if the files of a version change.
  let asks: (String, ModelDirectory.Version) -> Bool
}

/// What a source tells, and what it may ask, from any thread.
struct SourceEvents: Sendable {
  /// There is something to look at.
  let news: @Sendable () -> Void
  /// Whether a version answers, or should.
  let isInUse: @Sendable (String, Int) -> Bool
  /// A version was brought here, with its size in bytes, or why it was not.
  let fetched: @Sendable (String, Int, Result<Int, ObjectStoreError>) -> Void
}

/// What the files of a version looked like at one moment. Two equal ones some time apart mean that
/// nobody is writing them any more.
struct VersionStamp: Equatable {
  private let text: String

  init(_ text: String) { self.text = text }
}
