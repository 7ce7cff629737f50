import Jobs
import Messages
import Testing

@testable import Serving

@Suite struct JobMessagesTests {
  @Test func everyStateHasItsOwnInTheContract() {
    let states = JobState.allCases.map { ApusV1.JobState($0) }
    #expect(states == [.queued, .running, .succeeded, .failed, .cancelled])
  }

  @Test func aListingIsCheckedFieldByField() throws {
    var request = ApusV1.ListJobsRequest()
    #expect(try JobQuery(request, owner: "a").limit == 100)
    request.limit = 7
    request.state = .failed
    request.page = "12"
    let query = try JobQuery(request, owner: "a")
    #expect(query.limit == 7 && query.state == .failed && query.page == "12" && query.owner == "a")
    for (field, change) in [
      ("limit", { (request: inout ApusV1.ListJobsRequest) in request.limit = 1_001 }),
      ("page", { $0.page = "-1" }), ("page", { $0.page = "x" }),
      ("state", { $0.state = .unrecognized(9) }),
    ] {
      var wrong = request
      change(&wrong)
      let status = #expect(throws: Status.self) { try JobQuery(wrong, owner: "a") }
      #expect(status?.code == .invalidArgument && status?.message.hasPrefix("\(field): ") == true)
    }
  }

  @Test func whatTheDatabaseSaidIsForTheLogAlone() {
    let status = Status(JobQueueError(.unavailable, "try again later", cause: "/data/x is full"))
    #expect(status.code == .unavailable && status.message == "try again later")
    #expect(status.cause.map { "\($0)".contains("/data/x is full") } == true)
    #expect(Status(JobQueueError(.conflict, "another request")).code == .alreadyExists)
  }
}
