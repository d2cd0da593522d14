/// Normalization form C (The Unicode Standard, section 3.11) of UTF-8 text, with the reference's tables.
///
/// Almost every text is in this form already. One sweep finds the first place that may not be; from there on, each
/// cluster of scalars between two that nothing can change is decomposed, put in order and composed, and the stretches
/// between clusters are copied as they are.
struct CanonicalComposition: Sendable {
    private let kinds: [UInt8]
    private let pairs: PairTable

    init() {
        kinds = ScalarKind.table
        let data = ReferenceUnicodeData.pairs
        var pairs = PairTable(capacity: data.count / 3)
        for i in stride(from: 0, to: data.count, by: 3) {
            pairs.insert(data[i + 1], data[i + 2], value: UInt64(data[i]))
        }
        self.pairs = pairs
    }

    /// The composed form of `bytes[range]`, which is UTF-8; `nil` if that is what it is.
    func composed(_ bytes: Span<UInt8>, in range: Range<Int>) -> [UInt8]? {
        guard var cluster = firstCluster(in: bytes, range) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var cleanStart = range.lowerBound
        while true {
            for i in cleanStart..<cluster.lowerBound { result.append(bytes[i]) }
            append(bytes, cluster, to: &result)
            cleanStart = cluster.upperBound
            guard let next = firstCluster(in: bytes, cleanStart..<range.upperBound) else { break }
            cluster = next
        }
        for i in cleanStart..<range.upperBound { result.append(bytes[i]) }
        return result
    }

    /// The first stretch that may change, from the scalar that it may change to the next that it cannot.
    private func firstCluster(in bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        var i = range.lowerBound
        var starter = i
        var last: UInt8 = 0
        while i < range.upperBound {
            if bytes[i] < 0x80 {
                starter = i
                last = 0
                i += 1
                continue
            }
            let (scalar, length) = UTF8Scalars.wellFormed(in: bytes, at: i)
            let order = kinds[Int(scalar)] >> ScalarKind.orderShift
            if order == 0 {
                starter = i
            } else if order == ScalarKind.unsettled || order < last {
                var end = i + length
                while end < range.upperBound {
                    let (scalar, length) = UTF8Scalars.wellFormed(in: bytes, at: end)
                    if kinds[Int(scalar)] >> ScalarKind.orderShift == 0 { break }
                    end += length
                }
                return starter..<end
            }
            last = order
            i += length
        }
        return nil
    }

    /// A scalar and its combining class.
    private struct Part {
        let scalar: UInt32
        let combiningClass: UInt8
    }

    private func append(_ bytes: Span<UInt8>, _ cluster: Range<Int>, to result: inout [UInt8]) {
        var parts: [Part] = []
        var i = cluster.lowerBound
        while i < cluster.upperBound {
            let (scalar, length) = UTF8Scalars.wellFormed(in: bytes, at: i)
            i += length
            if Hangul.syllables.contains(scalar) {
                Hangul.decompose(scalar) { parts.append(Part(scalar: $0, combiningClass: 0)) }
            } else if scalar < 0x80 {
                parts.append(Part(scalar: scalar, combiningClass: 0))
            } else {
                for part in ReferenceUnicode.decompositions.result(of: scalar) ?? [scalar] {
                    let combiningClass = ReferenceUnicode.combiningClasses[part] ?? 0
                    parts.append(Part(scalar: part, combiningClass: combiningClass))
                }
            }
        }
        order(&parts)
        compose(&parts)
        for part in parts { UTF8Scalars.append(part.scalar, to: &result) }
    }

    /// Sorts each run of marks by class; equal classes keep their places.
    private func order(_ parts: inout [Part]) {
        var start = 0
        while start < parts.count {
            guard parts[start].combiningClass != 0 else {
                start += 1
                continue
            }
            var end = start + 1
            var isSorted = true
            while end < parts.count, parts[end].combiningClass != 0 {
                if parts[end].combiningClass < parts[end - 1].combiningClass { isSorted = false }
                end += 1
            }
            if !isSorted {
                let run = parts[start..<end]
                let order = run.indices.sorted {
                    (run[$0].combiningClass, $0) < (run[$1].combiningClass, $1)
                }
                parts.replaceSubrange(start..<end, with: order.map { run[$0] })
            }
            start = end
        }
    }

    /// Joins each scalar to the last starter unless a scalar of its class or a higher one is between them.
    private func compose(_ parts: inout [Part]) {
        var count = 0
        var starter: Int?
        var blocking: UInt8?
        for part in parts {
            if let starter, blocking.map({ $0 < part.combiningClass }) ?? true,
                let whole = composition(parts[starter].scalar, part.scalar)
            {
                parts[starter] = Part(scalar: whole, combiningClass: 0)
                continue
            }
            if part.combiningClass == 0 {
                starter = count
                blocking = nil
            } else {
                blocking = part.combiningClass
            }
            parts[count] = part
            count += 1
        }
        parts.removeLast(parts.count - count)
    }

    private func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if let syllable = Hangul.compose(first, second) { return syllable }
        let whole = pairs.value(first, second)
        return whole == PairTable.absent ? nil : UInt32(truncatingIfNeeded: whole)
    }
}
