import Testing

@testable import Serving

@Suite struct JobOptionsTests {
  @Test(arguments: [
    ("apus.db", "apus-jobs.db"), ("/data/a.b.db", "/data/a.b-jobs.db"), ("keys", "keys-jobs"),
  ])
  func theFileStandsBesideTheAccounts(accounts: String, jobs: String) {
    #expect(JobOptions().path(besides: accounts) == jobs)
  }

  @Test func withoutAFileForAccountsThereAreNoJobsUnlessTheyHaveTheirOwn() {
    var options = JobOptions()
    #expect(options.path(besides: nil) == nil)
    options.database = .file("jobs.db")
    #expect(options.path(besides: nil) == "jobs.db")
    #expect(options.path(besides: "apus.db") == "jobs.db")
    options.database = .off
    #expect(options.path(besides: "apus.db") == nil)
  }
}
