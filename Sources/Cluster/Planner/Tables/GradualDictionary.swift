/// A dictionary that never grows as a whole: it has 32 parts of different shares, and each grows alone.
///
/// A dictionary that is full moves all of its elements at once, 5 ms for 50,000 texts, in the middle of a turn of the
/// coordinator's thread. Parts of equal shares would all be full at about the same time; here the largest is full when the
/// smallest is half full. So of many elements that are added some move at each turn, about as many as are added. A copy that is
/// changed copies only the parts that change. Cost: a hash more for each look-up.
package struct GradualDictionary<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var parts = [[Key: Value]](repeating: [:], count: GradualParts.count)
    package private(set) var count = 0

    /// An empty one.
    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// All elements, in no order.
    package var elements: some Sequence<Dictionary<Key, Value>.Element> { parts.lazy.joined() }

    /// A value, which is changed in place.
    package subscript(key: Key) -> Value? {
        get { parts[GradualParts.part(of: key)][key] }
        _modify {
            let part = GradualParts.part(of: key)
            count -= parts[part].count
            defer { count += parts[part].count }
            yield &parts[part][key]
        }
    }

    /// The same, with `value` where there is none.
    package subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        _modify {
            let part = GradualParts.part(of: key)
            count -= parts[part].count
            defer { count += parts[part].count }
            yield &parts[part][key, default: value()]
        }
    }

    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Value? {
        let removed = parts[GradualParts.part(of: key)].removeValue(forKey: key)
        if removed != nil { count -= 1 }
        return removed
    }

    /// The key that is kept, where an equal one is given.
    func key(equalTo key: Key) -> Key? {
        let part = GradualParts.part(of: key)
        return parts[part].index(forKey: key).map { parts[part].keys[$0] }
    }

    /// By part: its elements, and how many it has room for; for tests and simulation.
    package var fillings: [(count: Int, capacity: Int)] { parts.map { ($0.count, $0.capacity) } }
}

/// Which part of a gradual dictionary a key is in.
private enum GradualParts {
    static let count = 32

    /// By the leading bits of a hash. The share of a part is 1 + its number / 32, in the unit of the first.
    private static let table: [UInt8] = {
        let weights = (0..<count).map { count + $0 }
        let all = weights.reduce(0, +)
        return weights.enumerated().flatMap { part, weight in
            let before = weights[..<part].reduce(0, +)
            let places = before * size / all..<(before + weight) * size / all
            return [UInt8](repeating: UInt8(part), count: places.count)
        }
    }()

    private static let bits = 12
    private static let size = 1 << bits

    static func part(of key: some Hashable) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        return Int(table[Int(UInt(bitPattern: hasher.finalize()) >> (UInt.bitWidth - bits))])
    }
}
