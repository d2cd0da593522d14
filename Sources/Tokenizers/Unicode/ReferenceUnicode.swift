/// What the reference knows of a Unicode scalar, looked up in one byte.
///
/// The tables behind it (`ReferenceUnicodeData`) were read off the reference itself, so that token ids depend neither
/// on the Unicode version of Swift's standard library nor on that of the system.
enum ReferenceUnicode {
    /// What may be said of a scalar, one bit each.
    enum Trait {
        /// Separates words (Rust's `char::is_whitespace`).
        static let whitespace: UInt8 = 1
        /// A word by itself.
        static let punctuation: UInt8 = 2
        /// Dropped when text is cleaned.
        static let removed: UInt8 = 4
        /// "Chinese character": a word by itself if the normalizer is configured so.
        static let ideograph: UInt8 = 8
        /// An accent (Mn).
        static let nonspacing: UInt8 = 16
        /// Of an accent: it ends a run of marks. Of anything else: it has a combining class, so it may change places.
        static let order: UInt8 = 32
        /// Has a canonical decomposition.
        static let decomposes: UInt8 = 64
        /// Has a lower case.
        static let lowercases: UInt8 = 128
    }

    /// By scalar value, 0x110000 entries (1.1 MB, of which texts touch a few pages).
    static let traits: [UInt8] = {
        var traits = [UInt8](repeating: 0, count: 0x110000)
        func mark(_ ranges: [UInt32], _ trait: UInt8) {
            for i in stride(from: 0, to: ranges.count, by: 2) {
                for scalar in ranges[i]...ranges[i + 1] { traits[Int(scalar)] |= trait }
            }
        }
        mark(ReferenceUnicodeData.whitespace, Trait.whitespace)
        mark(ReferenceUnicodeData.punctuation, Trait.punctuation)
        mark(ReferenceUnicodeData.removed, Trait.removed)
        mark(ReferenceUnicodeData.ideographs, Trait.ideograph)
        mark(ReferenceUnicodeData.nonspacing, Trait.nonspacing)
        mark([Hangul.syllables.lowerBound, Hangul.syllables.upperBound - 1], Trait.decomposes)
        mark(ReferenceUnicodeData.nonspacing, Trait.order)
        for scalar in combiningClasses.keys { traits[Int(scalar)] ^= Trait.order }
        for scalar in decompositions.scalars { traits[Int(scalar)] |= Trait.decomposes }
        for row in lowercaseRuns {
            for scalar in stride(from: row.first, through: row.last, by: row.stride) {
                traits[scalar] |= Trait.lowercases
            }
        }
        traits[Int(dottedCapitalI)] |= Trait.lowercases
        return traits
    }()

    /// Rust's `char::is_whitespace`.
    static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        traits[Int(scalar.value)] & Trait.whitespace != 0
    }

    /// "İ", the only scalar whose lower case is two: "i" and U+0307.
    static let dottedCapitalI: UInt32 = 0x130

    /// Canonical combining class of every mark that has one; all others have 0.
    static let combiningClasses: [UInt32: UInt8] = {
        var classes: [UInt32: UInt8] = [:]
        let data = ReferenceUnicodeData.combiningClasses
        for i in stride(from: 0, to: data.count, by: 3) {
            for scalar in data[i]...data[i + 1] { classes[scalar] = UInt8(data[i + 2]) }
        }
        return classes
    }()

    /// Canonical decompositions without Hangul, sorted by scalar.
    struct Decompositions {
        /// What decomposes, ascending.
        let scalars: [UInt32]
        /// By index into `scalars`: what it becomes, which decomposes no further.
        let results: [[UInt32]]

        /// What a scalar becomes; `nil` if it stays as it is.
        func result(of scalar: UInt32) -> [UInt32]? {
            let index = scalars.partitionPoint { $0 < scalar }
            return index < scalars.count && scalars[index] == scalar ? results[index] : nil
        }
    }

    /// Of every scalar with `Trait.decomposes` that is not Hangul.
    static let decompositions: Decompositions = {
        var results: [UInt32: [UInt32]] = [:]
        let singletons = ReferenceUnicodeData.singletons
        for i in stride(from: 0, to: singletons.count, by: 2) { results[singletons[i]] = [singletons[i + 1]] }
        let others = ReferenceUnicodeData.decompositions
        var i = 0
        while i < others.count {
            let end = i + 2 + Int(others[i + 1])
            results[others[i]] = Array(others[(i + 2)..<end])
            i = end
        }
        // The first of a pair may be made of a pair itself, of any number: not always a smaller one.
        let pairs = ReferenceUnicodeData.pairs
        var firsts: [UInt32: (first: UInt32, second: UInt32)] = [:]
        for i in stride(from: 0, to: pairs.count, by: 3) { firsts[pairs[i]] = (pairs[i + 1], pairs[i + 2]) }
        for scalar in firsts.keys {
            var parts: [UInt32] = []
            var head = scalar
            while let pair = firsts[head] {
                parts.append(pair.second)
                head = pair.first
            }
            results[scalar] = [head] + parts.reversed()
        }
        let scalars = results.keys.sorted()
        return Decompositions(scalars: scalars, results: scalars.map { results[$0] ?? [] })
    }()

    /// A stretch of an alphabet: every `stride`-th scalar has its lower case `delta` further.
    struct LowercaseRun {
        let first: Int
        let last: Int
        let stride: Int
        let delta: Int
    }

    /// Ascending and disjoint.
    static let lowercaseRuns: [LowercaseRun] = {
        let data = ReferenceUnicodeData.lowercase.map(Int.init)
        return stride(from: 0, to: data.count, by: 4).map { i in
            LowercaseRun(first: data[i], last: data[i + 1], stride: data[i + 2], delta: data[i + 3])
        }
    }()

    /// Lower case of a scalar with `Trait.lowercases` other than `dottedCapitalI`.
    static func lowercase(_ scalar: UInt32) -> UInt32 {
        let value = Int(scalar)
        // Runs of stride 2 may interleave, so the run that holds the scalar is the last or the one before it.
        let after = lowercaseRuns.partitionPoint { $0.first <= value }
        for run in lowercaseRuns[max(0, after - 2)..<after].reversed()
        where value <= run.last && (value - run.first) % run.stride == 0 {
            return UInt32(value + run.delta)
        }
        return scalar
    }
}

extension Array {
    /// Index of the first element that is not `isBefore`, in an array whose such elements all come first.
    fileprivate func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
