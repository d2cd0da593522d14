/// How the members of the reference's ensemble differ: a salt for the fingerprint column, and an order of columns.
public struct EnsemblePlan: Sendable, Equatable {
    /// One member.
    public struct Member: Sendable, Equatable {
        /// The seed of its generators.
        public let seed: Int
        /// Added to every value before a row is hashed; below 65,536.
        public let salt: Int
        /// Column c of the member's table is column `permutation[c]` of features followed by the fingerprint.
        public let permutation: [Int]
    }

    /// In the reference's order.
    public let members: [Member]

    /// Draws as TabPFN 6.2.0 does in one `fit`, including the draws whose results V0 does not use.
    ///
    /// `columns` are the features left after constant ones were removed; permutations have one entry more, for the
    /// fingerprint. Seeds and salts depend on `seed` and `members` alone.
    public init(seed: UInt64, members: Int, columns: Int) {
        let largest = 1 << 31 - 1
        var generator = NumpyGenerator(seed: seed)
        // Drawn for subsampled rows, shifted features and a static seed, none of which V0's preprocessing uses.
        _ = generator.below(largest)
        let start = generator.below(1000)
        _ = generator.choice(start..<start + members)
        _ = generator.below(largest)
        let seeds = (0..<members).map { _ in generator.below(largest) }
        self.members = seeds.map { seed in
            var salts = NumpyGenerator(seed: UInt64(seed))
            var orders = NumpyGenerator(seed: UInt64(seed))
            return Member(seed: seed, salt: salts.below(65_536), permutation: orders.permutation(columns + 1))
        }
    }
}
