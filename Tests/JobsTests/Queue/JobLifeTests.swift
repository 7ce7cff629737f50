import Testing

@testable import Jobs

@Suite struct JobLifeTests {
  /// Every state and event, and where it leads; what is not listed changes nothing.
  @Test func onlyTheDiagramsStepsExist() {
    let steps: [JobState: [JobLife.Event: JobState]] = [
      .queued: [.claim: .running, .cancel: .cancelled],
      .running: [
        .giveBack: .queued, .lose: .queued, .succeed: .succeeded, .fail: .failed,
        .cancel: .cancelled,
      ],
    ]
    for state in JobState.allCases {
      for event in JobLife.Event.allCases {
        var life = JobLife(state: state, attempts: 1)
        let wanted = steps[state]?[event]
        let isTaken = life.apply(event, attemptLimit: 3)
        #expect(isTaken == (wanted != nil), "\(state) \(event)")
        #expect(life.state == wanted ?? state)
      }
    }
  }

  @Test func aJobIsLostOnlySoOften() {
    var life = JobLife()
    for attempt in 1...3 {
      _ = life.apply(.claim, attemptLimit: 3)
      #expect(life == JobLife(state: .running, attempts: attempt))
      _ = life.apply(.lose, attemptLimit: 3)
      #expect(life.state == (attempt < 3 ? .queued : .failed))
    }
  }

  @Test func orderlyStopsDoNotCount() {
    var life = JobLife()
    for _ in 0..<10 {
      _ = life.apply(.claim, attemptLimit: 1)
      _ = life.apply(.giveBack, attemptLimit: 1)
    }
    #expect(life == JobLife())
  }
}
