package import Time

/// Jobs, kept so that a crash loses none. SQLite stands behind it within one server; another
/// database can stand behind several.
///
/// A claim is held for the length of a lease, which its holder extends while it works: a job whose
/// lease has run out is given to the next who asks, until its attempts are used up. Only the newest
/// claim can end a job, so that it ends once.
package protocol JobQueue: Sendable {
  /// Takes a job in.
  ///
  /// - Returns: the new job, or the one that the same idempotency key made before.
  /// - Throws: `.tooManyWaiting`, `.conflict` (the key came with another request before),
  ///   `.invalid`.
  func submit(_ job: NewJob, at time: UnixTime) async throws(JobQueueError) -> Job

  /// Starts a job: of those whose owners have the fewest running, the one that waits the longest.
  ///
  /// - Returns: nil when none waits.
  func claim(until lease: UnixTime, at time: UnixTime) async throws(JobQueueError) -> ClaimedJob?

  /// Holds claims for longer.
  ///
  /// - Returns: those that no longer hold, their jobs having been cancelled or given to another.
  func extend(_ claims: [JobClaim], until lease: UnixTime) async throws(JobQueueError)
    -> [JobClaim]

  /// Ends a job, and puts the call of its webhook into the outbox, both or neither.
  ///
  /// - Returns: false when the claim no longer holds: the outcome is not wanted.
  func finish(
    _ claim: JobClaim, _ outcome: JobOutcome, at time: UnixTime
  ) async throws(JobQueueError) -> Bool

  /// Puts a job back among those that wait, at its old place.
  ///
  /// - Returns: false when the claim no longer holds.
  func giveBack(_ claim: JobClaim) async throws(JobQueueError) -> Bool

  /// Ends a job that has not ended.
  ///
  /// - Parameter owner: whose job it must be; nil for anybody's.
  /// - Throws: `.notFound`.
  func cancel(
    _ id: String, owner: String?, at time: UnixTime
  ) async throws(JobQueueError) -> Job

  /// A job with its result.
  ///
  /// - Throws: `.notFound`, for a job of another owner too.
  func job(_ id: String, owner: String?) async throws(JobQueueError) -> Job

  /// Jobs without their results, the newest first.
  func jobs(_ query: JobQuery) async throws(JobQueueError) -> Page<Job>

  /// How many jobs are in each state.
  func counts() async throws(JobQueueError) -> [JobState: Int]

  /// Removes jobs that ended before `time`, and the oldest beyond the limit on how many are kept;
  /// not those whose webhook is still to be told.
  ///
  /// - Returns: how many; at most some hundreds, so that it is to be called until it says 0.
  func removeEnded(before time: UnixTime) async throws(JobQueueError) -> Int
}

/// Which jobs to list.
package struct JobQuery: Sendable {
  /// Nil for anybody's.
  package var owner: String?
  /// Nil for all.
  package var state: JobState?
  /// 1 to 1000.
  package var limit = 100
  /// `next` of the page before; empty for the first.
  package var page = ""

  package init(owner: String?) { self.owner = owner }
}

/// A part of a list.
package struct Page<Item: Sendable>: Sendable {
  package let items: [Item]
  /// What to ask for to go on; empty at the end.
  package let next: String
}
