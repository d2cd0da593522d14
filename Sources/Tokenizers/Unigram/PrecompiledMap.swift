import Foundation

/// SentencePiece's map of characters (`precompiled_charsmap`): which stretches of a text become what.
///
/// The format is a double-array trie (darts-clone) and the results one after the other, each with a NUL behind it. The reference
/// asks for whole grapheme clusters of at most five bytes first, takes the *shortest* prefix that it finds for the whole
/// cluster, and asks for single scalars otherwise; so does this, because ids must be equal. Grapheme clusters are those of
/// Swift's standard library; the comparison with the reference has every scalar behind and before others.
struct PrecompiledMap: Sendable {
    private let units: [UInt32]
    private let results: [UInt8]
    /// What each ASCII character becomes; `nil` if it stays.
    private let ascii: [[UInt8]?]

    /// Longer clusters are asked for scalar by scalar.
    private static let clusterMax = 5
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A

    /// Reads the map in base64. Returns `nil` if it is none.
    init?(base64: String) {
        guard let data = Data(base64Encoded: base64), data.count >= 4 else { return nil }
        let bytes = [UInt8](data)
        func word(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        }
        let size = Int(word(0))
        guard size > 0, size % 4 == 0, size <= bytes.count - 4 else { return nil }
        units = (0..<size / 4).map { word(4 + 4 * $0) }
        results = Array(bytes[(4 + size)...])
        // Results become parts of texts, which later steps read as UTF-8 without checking.
        guard String(validating: results, as: UTF8.self) != nil else { return nil }
        let (units, results) = (units, results)
        ascii = (0..<128).map { (byte: UInt8) in
            Self.result(of: [byte].span, 0..<1, units, results).map { Array(results[$0]) }
        }
    }

    /// Appends what `range` of a well-formed text becomes. Cost: some 2 ns a byte of English, 50 of other scripts.
    func normalize(_ bytes: Span<UInt8>, in range: Range<Int>, into text: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            let isAlone = index + 1 == range.upperBound || bytes[index + 1] < 0x80
            if byte < 0x80, byte != Self.carriageReturn, isAlone {
                if let result = ascii[Int(byte)] { text += result } else { text.append(byte) }
                index += 1
                continue
            }
            let end = stretchEnd(bytes, from: index, to: range.upperBound)
            normalizeClusters(bytes.extracting(index..<end), into: &text)
            index = end
        }
    }

    // Between two ASCII characters, but for a line's end, there is always a border of clusters.
    private func stretchEnd(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start + 1
        while index < end {
            let isLineEnd = bytes[index - 1] == Self.carriageReturn && bytes[index] == Self.lineFeed
            if bytes[index - 1] < 0x80, bytes[index] < 0x80, !isLineEnd { return index }
            index += 1
        }
        return end
    }

    private func normalizeClusters(_ bytes: Span<UInt8>, into text: inout [UInt8]) {
        let stretch = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        var start = 0
        for cluster in stretch {
            let end = start + cluster.utf8.count
            defer { start = end }
            if end - start <= Self.clusterMax, let result = Self.result(of: bytes, start..<end, units, results) {
                text += results[result]
                continue
            }
            var index = start
            while index < end {
                let next = index + UTF8Scalars.wellFormed(in: bytes, at: index).length
                if let result = Self.result(of: bytes, index..<next, units, results) {
                    text += results[result]
                } else {
                    for place in index..<next { text.append(bytes[place]) }
                }
                index = next
            }
        }
    }

    /// Where in `results` the shortest prefix of a stretch has its result; `nil` if no prefix has one. Nothing outside the
    /// tables is read, whatever they hold.
    private static func result(
        of bytes: Span<UInt8>, _ range: Range<Int>, _ units: [UInt32], _ results: [UInt8]
    ) -> Range<Int>? {
        func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
        var node = offset(units[0])
        for index in range {
            let byte = bytes[index]
            guard byte != 0 else { return nil }
            node ^= Int(byte)
            guard node < units.count else { return nil }
            let unit = units[node]
            guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            node ^= offset(unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard node < units.count else { return nil }
            let first = Int(units[node] & 0x7FFF_FFFF)
            guard first < results.count, results[first] & 0xC0 != 0x80 else { return nil }
            return first..<(results[first...].firstIndex(of: 0) ?? results.count)
        }
        return nil
    }
}
