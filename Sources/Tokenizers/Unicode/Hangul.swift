/// Korean syllables, which are composed by arithmetic (The Unicode Standard, section 3.12).
enum Hangul {
    static let leading: Range<UInt32> = 0x1100..<0x1113
    static let vowels: Range<UInt32> = 0x1161..<0x1176
    static let trailing: Range<UInt32> = 0x11A8..<0x11C3
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4

    /// Trailing consonants, and none.
    private static let trailingCount: UInt32 = 28
    private static let vowelCount: UInt32 = 21

    /// Hands over a syllable's two or three letters.
    static func decompose(_ syllable: UInt32, _ place: (UInt32) -> Void) {
        let index = syllable - syllables.lowerBound
        place(leading.lowerBound + index / (vowelCount * trailingCount))
        place(vowels.lowerBound + index % (vowelCount * trailingCount) / trailingCount)
        let last = index % trailingCount
        if last != 0 { place(trailing.lowerBound + last - 1) }
    }

    /// The syllable that two letters, or a syllable and a letter, make; `nil` if they make none.
    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leading.contains(first), vowels.contains(second) {
            let index = (first - leading.lowerBound) * vowelCount + (second - vowels.lowerBound)
            return syllables.lowerBound + index * trailingCount
        }
        if syllables.contains(first), trailing.contains(second),
            (first - syllables.lowerBound).isMultiple(of: trailingCount)
        {
            return first + second - trailing.lowerBound + 1
        }
        return nil
    }
}
