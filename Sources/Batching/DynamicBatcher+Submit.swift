import Inference

// Each promise is kept in one slot, and whoever takes it out of the slot (an answer, a
// failure, a cancellation) resumes it: exactly once, and never while the table is being changed.

extension DynamicBatcher {
  /// Has one input computed in some batch. Cheapest when called on the batcher's own executor.
  ///
  /// - Throws: `BatchingError`; `CancellationError` when the task is cancelled before the answer.
  package nonisolated func submit(
    _ input: Input, deadline: ContinuousClock.Instant? = nil
  ) async throws -> Answer {
    let cost = max(1, backend.cost(of: input))
    guard executor.isIsolatingCurrentContext() == true else {
      return try await submitFromElsewhere(input, cost: cost, deadline: deadline)
    }
    let ticket = try reserveHere(input, cost: cost, deadline: deadline)
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        let isCancelled = Task.isCancelled
        assumeIsolated { $0.start(ticket, cost, deadline, promise, isCancelled: isCancelled) }
      }
    } onCancel: {
      cancelSoon(ticket)
    }
  }

  /// Has the inputs of one request computed, in one batch or several; answers in their order.
  /// All are queued or none; the first that fails fails the request and drops the rest.
  package nonisolated func submit(
    all inputs: [Input], deadline: ContinuousClock.Instant? = nil
  ) async throws -> [Answer] {
    if inputs.isEmpty { return [] }
    let costs = inputs.map { max(1, backend.cost(of: $0)) }
    return try await submitGroup(inputs, costs: costs, deadline: deadline)
  }

  private func submitFromElsewhere(
    _ input: Input, cost: Int, deadline: ContinuousClock.Instant?
  ) async throws -> Answer {
    let ticket = try reserve(input, cost: cost, deadline: deadline)
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        start(ticket, cost, deadline, promise, isCancelled: Task.isCancelled)
      }
    } onCancel: {
      cancelSoon(ticket)
    }
  }

  private func submitGroup(
    _ inputs: [Input], costs: [Int], deadline: ContinuousClock.Instant?
  ) async throws -> [Answer] {
    let arrival = try admit(
      rows: inputs.count, tokens: costs.reduce(0, +), largest: costs.max() ?? 1, deadline: deadline)
    let group = groups.insert(
      Group(promise: nil, answers: Array(repeating: nil, count: inputs.count), missing: inputs.count)
    )
    return try await withTaskCancellationHandler {
      try await Promise.wait { promise in
        if Task.isCancelled {
          _ = groups.remove(group)
          countCancelled(inputs.count)
          promise.fail(CancellationError())
          return
        }
        var members: [Ticket] = []
        for (row, input) in inputs.enumerated() {
          let ticket = entries.insert(
            Entry(input: input, arrival: arrival, answer: .group(group, row: row)))
          enqueue(ticket, cost: costs[row], deadline: deadline, arrival: arrival)
          members.append(ticket)
        }
        groups.update(group) {
          $0.promise = promise
          $0.members = members
        }
      }
    } onCancel: {
      cancelSoon(group)
    }
  }

  // MARK: One input

  private nonisolated func reserveHere(
    _ input: Input, cost: Int, deadline: ContinuousClock.Instant?
  ) throws -> Ticket {
    try assumeIsolated { try $0.reserve(input, cost: cost, deadline: deadline) }
  }

  private func reserve(
    _ input: Input, cost: Int, deadline: ContinuousClock.Instant?
  ) throws(BatchingError) -> Ticket {
    let arrival = try admit(rows: 1, tokens: cost, largest: cost, deadline: deadline)
    return entries.insert(Entry(input: input, arrival: arrival, answer: nil))
  }

  /// Called right after `reserve`, with nothing in between: a ticket was needed first, for the
  /// cancellation handler.
  private func start(
    _ ticket: Ticket, _ cost: Int, _ deadline: ContinuousClock.Instant?, _ promise: Promise<Answer>,
    isCancelled: Bool
  ) {
    if isCancelled {
      _ = entries.remove(ticket)
      countCancelled(1)
      promise.fail(CancellationError())
      return
    }
    let arrival = entries.update(ticket) { entry in
      entry.answer = .one(promise)
      return entry.arrival
    }
    guard let arrival else { return promise.fail(CancellationError()) }
    enqueue(ticket, cost: cost, deadline: deadline, arrival: arrival)
  }

  private nonisolated func cancelSoon(_ ticket: Ticket) {
    Task(executorPreference: executor) { await self.cancel(ticket) }
  }

  private func cancel(_ ticket: Ticket) {
    guard let entry = withdraw(ticket) else { return }
    countCancelled(1)
    if let answer = entry.answer { resume(answer, throwing: CancellationError()) }
  }

  // MARK: Groups

  private nonisolated func cancelSoon(_ group: SlotTable<Group>.Ticket) {
    Task(executorPreference: executor) { await self.cancel(group) }
  }

  private func cancel(_ group: SlotTable<Group>.Ticket) {
    countCancelled(fail(group, with: CancellationError()))
  }

  func complete(_ ticket: SlotTable<Group>.Ticket, row: Int, with answer: Answer) {
    let missing = groups.update(ticket) { group in
      group.answers[row] = answer
      group.missing -= 1
      return group.missing
    }
    guard missing == 0, let group = groups.remove(ticket) else { return }
    group.promise?.succeed(group.answers.compactMap { $0 })
  }

  /// - Returns: how many of its inputs were still to be answered.
  @discardableResult
  func fail(_ ticket: SlotTable<Group>.Ticket, with error: any Error) -> Int {
    guard let group = groups.remove(ticket) else { return 0 }
    for member in group.members { _ = withdraw(member) }
    group.promise?.fail(error)
    return group.missing
  }
}
