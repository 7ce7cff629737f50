package import CKernels

/// An instruction set that the kernels are written for.
///
/// Integer sums are identical in all tiers; floats may differ between tiers in the last bits, never
/// within one.
package enum KernelTier: Sendable, Equatable, CaseIterable {
  /// Plain C: the oracle that the others are tested against.
  case scalar
  case avx2
  case avx512vnni
  /// Armv8.2 with the dot-product extension.
  case neon

  /// As in `APUS_CPU` and in logs.
  package var name: String {
    switch self {
    case .scalar: "scalar"
    case .avx2: "avx2"
    case .avx512vnni: "avx512vnni"
    case .neon: "neon"
    }
  }

  /// True where this machine can run the tier.
  package var isSupported: Bool { unsafe ck_kernels_of(selector) != nil }

  /// The tier of this process: the one `APUS_CPU` names, else the best that the machine can run.
  package static func selected() throws(ComputeError) -> KernelTier {
    if let problem = unsafe ck_tier_error() {
      throw ComputeError(unsafe String(cString: problem))
    }
    let active = unsafe ck_active().pointee.tier
    return allCases.first { $0.selector == active } ?? .scalar
  }

  /// The tier in CKernels.
  package var selector: ck_tier {
    switch self {
    case .scalar: CK_SCALAR
    case .avx2: CK_AVX2
    case .avx512vnni: CK_AVX512VNNI
    case .neon: CK_NEON
    }
  }
}
