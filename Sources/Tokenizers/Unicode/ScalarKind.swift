/// What the split pattern and canonical composition ask of a scalar, both in one byte.
///
/// The tables behind it were read off the reference (`ReferenceUnicodeData`), as those of `ReferenceUnicode` were.
package enum ScalarKind {
    /// Neither of the others.
    package static let other: UInt8 = 0
    /// `\p{L}`.
    package static let letter: UInt8 = 1
    /// `\p{N}`.
    package static let number: UInt8 = 2
    /// `\s`.
    package static let space: UInt8 = 3

    /// Of a table entry: which of the four it is.
    package static let mask: UInt8 = 3

    /// The bits above the mask are for composition. 0: it stays unchanged, and nothing before it changes it.
    /// 1 to 62: a mark that stays; the number grows with the combining class. `unsettled`: it may become something
    /// else.
    static let orderShift: UInt8 = 2

    /// The order of a scalar that decomposes or that may join the one before it.
    static let unsettled: UInt8 = 63

    /// By scalar value, 0x110000 entries (1.1 MB, of which texts touch a few pages).
    package static let table: [UInt8] = {
        var table = [UInt8](repeating: other, count: 0x110000)
        func mark(_ ranges: [UInt32], _ kind: UInt8) {
            for i in stride(from: 0, to: ranges.count, by: 2) {
                for scalar in ranges[i]...ranges[i + 1] { table[Int(scalar)] = kind }
            }
        }
        mark(ReferenceUnicodeData.letters, letter)
        mark(ReferenceUnicodeData.numbers, number)
        mark(ReferenceUnicodeData.whitespace, space)

        func order(_ scalar: UInt32, _ order: UInt8) {
            table[Int(scalar)] = table[Int(scalar)] & mask | order << orderShift
        }
        // Unicode has 55 combining classes other than 0; 62 fit.
        let classes = Set(ReferenceUnicode.combiningClasses.values).sorted()
        precondition(classes.count < unsettled, "more combining classes than bits")
        for (scalar, combiningClass) in ReferenceUnicode.combiningClasses {
            order(scalar, UInt8(classes.firstIndex(of: combiningClass) ?? 0) + 1)
        }
        for i in stride(from: 0, to: ReferenceUnicodeData.singletons.count, by: 2) {
            order(ReferenceUnicodeData.singletons[i], unsettled)
        }
        var i = 0
        while i < ReferenceUnicodeData.decompositions.count {
            order(ReferenceUnicodeData.decompositions[i], unsettled)
            i += 2 + Int(ReferenceUnicodeData.decompositions[i + 1])
        }
        for i in stride(from: 2, to: ReferenceUnicodeData.pairs.count, by: 3) {
            order(ReferenceUnicodeData.pairs[i], unsettled)
        }
        for jamo in Hangul.vowels { order(jamo, unsettled) }
        for jamo in Hangul.trailing { order(jamo, unsettled) }
        return table
    }()

    /// Which of the four kinds a scalar is.
    package static func kind(of scalar: Unicode.Scalar) -> UInt8 { table[Int(scalar.value)] & mask }
}
