import CKernels
import Compute
import Testing

@Suite struct KernelTierTests {
  private func choose(_ wish: String?) -> (tier: String, problem: String) {
    var problem = [CChar](repeating: 1, count: 160)
    let chosen = ck_choose_tier(wish, &problem, problem.count)
    return (
      chosen.map { String(cString: $0.pointee.name) } ?? "",
      String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    )
  }

  @Test func theBestTierIsTheDefault() {
    #expect(choose(nil).tier == tiersHere.last?.name && choose(nil).problem.isEmpty)
    #expect(choose("").tier == choose(nil).tier && choose("").problem.isEmpty)
  }

  @Test(arguments: KernelTier.allCases)
  func aNamedTierIsObeyedOrRefusedWithAReason(tier: KernelTier) {
    let (chosen, problem) = choose(tier.name)
    if tier.isSupported {
      #expect(chosen == tier.name && problem.isEmpty)
    } else {
      #expect(chosen == choose(nil).tier)
      #expect(problem.contains("'\(tier.name)'") && problem.contains("scalar"))
    }
  }

  @Test(arguments: ["avx", "AVX2", "scalar ", String(repeating: "x", count: 500)])
  func unknownTiersAreNamedInTheError(wish: String) {
    let (chosen, problem) = choose(wish)
    #expect(chosen == choose(nil).tier)
    #expect(problem.contains("APUS_CPU is '\(wish.prefix(32))'"))
    for tier in tiersHere { #expect(problem.contains(tier.name)) }
  }
}
