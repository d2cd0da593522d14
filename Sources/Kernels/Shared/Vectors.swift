/// Which of the two compilations of `VectorLoops` this processor runs: sixteen floats a vector where it has AVX-512.
///
/// The last digits of a sum depend on it, so `name` is part of an encoder's numerics.
package enum Vectors {
    /// Whether the wide vectors are used.
    package static let areWide = ProcessorCheck.has(needed)

    /// For fingerprints: `x16` or `x8`.
    package static var name: String { areWide ? "x16" : "x8" }

    // What x86-64-v4 has over v3, as Linux spells it in `/proc/cpuinfo`.
    private static let needed = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]
}
