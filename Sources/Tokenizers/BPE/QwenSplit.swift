/// Splits text into the words that are merged one by one: the regular expression of Qwen2 and Qwen3, written by hand.
///
/// The alternatives of the pattern exclude each other but for the order described at `wordEnd`, and none of them has to go
/// back further than one scalar; so one sweep does what a regular expression engine does with backtracking.
package struct QwenSplit: Sendable {
    /// The pattern as a `tokenizer.json` has it.
    package static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private let kinds: [UInt8]

    package init() { kinds = ScalarKind.table }

    /// Where the word ends that starts at `start`, which is less than `end`; bytes are UTF-8.
    package func wordEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        let first = bytes[start]
        let (kind, length) = kind(in: bytes, at: start)
        let next = start + length
        switch kind {
        case ScalarKind.letter:
            return run(of: ScalarKind.letter, in: bytes, from: next, to: end)
        case ScalarKind.number:
            return next
        default:
            if first == UInt8(ascii: "'"), let contractionEnd = contraction(in: bytes, from: next, to: end) {
                return contractionEnd
            }
            let nextKind = next < end ? self.kind(in: bytes, at: next).kind : ScalarKind.space
            if nextKind == ScalarKind.letter, first != 0x0A, first != 0x0D {
                return run(of: ScalarKind.letter, in: bytes, from: next, to: end)
            }
            if kind == ScalarKind.other || first == 0x20 && nextKind == ScalarKind.other {
                var i = run(of: ScalarKind.other, in: bytes, from: next, to: end)
                while i < end, bytes[i] == 0x0A || bytes[i] == 0x0D { i += 1 }
                return i
            }
            return spaceEnd(in: bytes, from: start, to: end)
        }
    }

    @inline(__always)
    private func kind(in bytes: Span<UInt8>, at index: Int) -> (kind: UInt8, length: Int) {
        let (scalar, length) = UTF8Scalars.wellFormed(in: bytes, at: index)
        return (kinds[Int(scalar)] & ScalarKind.mask, length)
    }

    private func run(of kind: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var i = start
        while i < end {
            let (found, length) = self.kind(in: bytes, at: i)
            guard found == kind else { return i }
            i += length
        }
        return end
    }

    /// After an apostrophe: s, t, re, ve, m, ll or d in either case. The long s (U+017F) folds to s.
    private func contraction(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        guard start < end else { return nil }
        let second = start + 1 < end ? bytes[start + 1] : 0
        switch bytes[start] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 1
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return second | 0x20 == UInt8(ascii: "e") ? start + 2 : nil
        case UInt8(ascii: "l"): return second | 0x20 == UInt8(ascii: "l") ? start + 2 : nil
        default: return bytes[start] == 0xC5 && second == 0xBF ? start + 2 : nil
        }
    }

    /// A run of white space up to its last line end; without one, all of it at the end of the text, and elsewhere all
    /// but its last scalar, which goes with what follows, unless it has only that.
    private func spaceEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var i = start
        var last = start
        var lineEnd: Int?
        while i < end {
            let (found, length) = kind(in: bytes, at: i)
            guard found == ScalarKind.space else { break }
            if bytes[i] == 0x0A || bytes[i] == 0x0D { lineEnd = i + 1 }
            last = i
            i += length
        }
        if let lineEnd { return lineEnd }
        return i == end || last == start ? i : last
    }
}
