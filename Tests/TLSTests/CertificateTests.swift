import TestSupport
import Testing
import Time

@testable import TLS

@Suite(.enabled(if: TestCertificates.shared != nil)) struct CertificateTests {
  let made: TestCertificates

  init() throws { made = try #require(TestCertificates.shared) }

  private func problem(
    _ certificate: String, _ key: String, authorities: String? = nil, now: UnixTime = .now()
  ) -> CertificateProblem? {
    do throws(CertificateProblem) {
      let files = CertificateFiles(
        certificate: certificate, key: key, clientAuthorities: authorities)
      _ = try TLSContext(try files.read(), protocol: "h2", .required, now: now)
      return nil
    } catch {
      return error
    }
  }

  @Test func aGoodOneIsTaken() throws {
    #expect(problem(made.certificate, made.key) == nil)
    #expect(problem(made.certificate, made.key, authorities: made.otherCertificate) == nil)
    let texts = try CertificateFiles(certificate: made.certificate, key: made.key).read()
    let context = try TLSContext(texts, protocol: "h2", .required)
    let left = UnixTime.now().duration(to: UnixTime(seconds: context.expiry))
    #expect(left > .seconds(80_000) && left < .seconds(90_000))
    #expect(context.serial.count > 10)
  }

  @Test func eachProblemNamesItsFile() throws {
    let none = "\(made.folder.path)/none.pem"
    let missing = problem(none, made.key)
    #expect(missing?.file == none && missing?.reason.contains("No such file") == true)
    #expect(problem(made.certificate, none)?.file == none)
    let folder = problem(made.folder.path, made.key)
    #expect(folder?.file == made.folder.path && folder?.reason.contains("regular file") == true)
    let swapped = problem(made.key, made.certificate)
    #expect(swapped?.file == made.key && swapped?.reason.contains("no certificate in PEM") == true)
    let keyless = problem(made.certificate, made.certificate)
    #expect(keyless?.file == made.certificate && keyless?.reason.contains("no private key") == true)
    for key in [made.otherKey, made.rsaKey] {
      let other = problem(made.certificate, key)
      #expect(other?.file == key && other?.reason.contains("is not the key of") == true)
      #expect(other?.reason.contains(made.certificate) == true)
    }
    let encrypted = problem(made.certificate, made.encryptedKey)
    #expect(encrypted?.reason.contains("openssl pkey") == true)
    let stranger = problem(made.certificate, made.key, authorities: made.key)
    #expect(stranger?.file == made.key && stranger?.reason.contains("an authority") == true)
  }

  @Test func whatIsBrokenIsRefused() throws {
    let folder = try TemporaryFolder()
    let whole = try #require(TemporaryFolder.contents(made.certificate))
    try folder.write("half.pem", Array(whole.prefix(whole.count / 2)))
    #expect(problem(folder.file("half.pem"), made.key)?.file == folder.file("half.pem"))
    try folder.write("empty.pem", [UInt8]())
    #expect(problem(folder.file("empty.pem"), made.key)?.reason.contains("no certificate") == true)
    let keyless = problem(made.certificate, folder.file("empty.pem"))
    #expect(keyless?.reason.contains("no private") == true)
    // A good one, and then one that is cut.
    try folder.write("chain.pem", whole + Array(whole.prefix(whole.count / 2)))
    #expect(problem(folder.file("chain.pem"), made.key) != nil)
  }

  @Test func timeIsLookedAt() {
    let day = Duration.seconds(86_400)
    let later = problem(made.certificate, made.key, now: .now().advanced(by: day * 2))
    #expect(later?.file == made.certificate && later?.reason.contains("expired at 20") == true)
    let earlier = problem(made.certificate, made.key, now: .now().advanced(by: day * -2))
    #expect(earlier?.reason.contains("not valid before 20") == true)
  }
}
