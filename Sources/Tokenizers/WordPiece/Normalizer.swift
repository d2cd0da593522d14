/// Cleans, spaces out, strips and lowers text: BertNormalizer of the reference, one scalar at a time.
///
/// The reference makes four passes over the text. Each of them looks at one scalar, except canonical reordering, which
/// sorts runs of marks; so one pass with a small run of waiting marks gives the same.
struct Normalizer: Sendable {
    /// Which of the four steps are done.
    struct Steps: Equatable, Sendable {
        /// Drop control characters; treat all white space alike.
        var cleansText: Bool
        /// Make every Chinese character a word.
        var separatesIdeographs: Bool
        /// Decompose and drop nonspacing marks.
        var stripsAccents: Bool
        /// Lower case.
        var lowercases: Bool
    }

    private typealias Trait = ReferenceUnicode.Trait

    private let steps: Steps
    private let traits: [UInt8]
    /// Traits that make a scalar anything but a letter that stays as it is.
    private let remarkable: UInt8
    /// By ASCII character: what it becomes, and its role in the byte above; `dropped` if it goes.
    private let ascii: [UInt16]

    private static let dropped = UInt16.max

    init(steps: Steps) {
        self.steps = steps
        traits = ReferenceUnicode.traits
        var remarkable = Trait.whitespace | Trait.punctuation
        if steps.cleansText { remarkable |= Trait.removed }
        if steps.separatesIdeographs { remarkable |= Trait.ideograph }
        if steps.stripsAccents { remarkable |= Trait.nonspacing | Trait.order | Trait.decomposes }
        if steps.lowercases { remarkable |= Trait.lowercases }
        self.remarkable = remarkable
        ascii = (0..<0x80).map { scalar in
            let traits = ReferenceUnicode.traits[scalar]
            if steps.cleansText, traits & Trait.removed != 0 { return Self.dropped }
            let isLowered = steps.lowercases && traits & Trait.lowercases != 0
            let result = isLowered ? ReferenceUnicode.lowercase(UInt32(scalar)) : UInt32(scalar)
            return UInt16(PreTokenizer.Role(traits: traits).rawValue) << 8 | UInt16(result)
        }
    }

    /// A mark that waits until the end of its run, to be sorted by combining class.
    private struct Mark {
        let scalar: UInt32
        let combiningClass: UInt8
    }

    /// Normalizes `bytes[range]` into `words`, and ends the last word. Stops early when `words` is full.
    func normalize(_ bytes: Span<UInt8>, in range: Range<Int>, into words: inout PreTokenizer) {
        var marks: [Mark] = []
        var i = range.lowerBound
        while i < range.upperBound, !words.isFull {
            let byte = bytes[i]
            if byte < 0x80 {
                i += 1
                let entry = ascii[Int(byte)]
                if entry == Self.dropped { continue }
                if !marks.isEmpty { release(&marks, into: &words) }
                let role = PreTokenizer.Role(rawValue: UInt8(entry >> 8)) ?? .letter
                words.append(ascii: UInt8(truncatingIfNeeded: entry), role)
            } else {
                let (scalar, length) = UTF8Scalars.scalar(in: bytes, at: i, end: range.upperBound)
                i += length
                normalize(scalar, &marks, into: &words)
            }
        }
        release(&marks, into: &words)
        words.endWord()
    }

    private func normalize(_ scalar: UInt32, _ marks: inout [Mark], into words: inout PreTokenizer) {
        let traits = traits[Int(scalar)] & remarkable
        if traits == 0 {
            if !marks.isEmpty { release(&marks, into: &words) }
            words.append(scalar, .letter)
        } else if traits & Trait.removed != 0 {
            return
        } else if traits & Trait.whitespace != 0 {
            release(&marks, into: &words)
            words.endWord()
        } else if traits & Trait.ideograph != 0 {
            release(&marks, into: &words)
            words.endWord()
            decompose(scalar, traits, &marks, into: &words)
            release(&marks, into: &words)
            words.endWord()
        } else {
            decompose(scalar, traits, &marks, into: &words)
        }
    }

    private func decompose(_ scalar: UInt32, _ traits: UInt8, _ marks: inout [Mark], into words: inout PreTokenizer) {
        guard traits & Trait.decomposes != 0 else { return place(scalar, &marks, into: &words) }
        if Hangul.syllables.contains(scalar) {
            return Hangul.decompose(scalar) { place($0, &marks, into: &words) }
        }
        for part in ReferenceUnicode.decompositions.result(of: scalar) ?? [scalar] {
            place(part, &marks, into: &words)
        }
    }

    /// Drops an accent, lets a mark wait, writes anything else.
    private func place(_ scalar: UInt32, _ marks: inout [Mark], into words: inout PreTokenizer) {
        if steps.stripsAccents {
            let traits = traits[Int(scalar)]
            let hasOrder = traits & Trait.order != 0
            if traits & Trait.nonspacing != 0 {
                if hasOrder { release(&marks, into: &words) }
                return
            }
            if hasOrder, let combiningClass = ReferenceUnicode.combiningClasses[scalar] {
                marks.append(Mark(scalar: scalar, combiningClass: combiningClass))
                return
            }
        }
        release(&marks, into: &words)
        write(scalar, into: &words)
    }

    /// Writes the waiting marks in canonical order; equal classes keep theirs.
    private func release(_ marks: inout [Mark], into words: inout PreTokenizer) {
        guard !marks.isEmpty else { return }
        let order = marks.indices.sorted {
            (marks[$0].combiningClass, $0) < (marks[$1].combiningClass, $1)
        }
        for index in order { write(marks[index].scalar, into: &words) }
        marks.removeAll(keepingCapacity: true)
    }

    private func write(_ scalar: UInt32, into words: inout PreTokenizer) {
        var scalar = scalar
        if steps.lowercases, traits[Int(scalar)] & Trait.lowercases != 0 {
            if scalar == ReferenceUnicode.dottedCapitalI {
                words.append(0x69, .letter)
                return words.append(0x307, .letter)
            }
            scalar = ReferenceUnicode.lowercase(scalar)
        }
        words.append(scalar, PreTokenizer.Role(traits: traits[Int(scalar)]))
    }
}
