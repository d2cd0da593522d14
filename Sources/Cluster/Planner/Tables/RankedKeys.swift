/// Keys in the order of a rank, the lowest first: a heap that knows the place of each. Keys of equal rank are in the order of the
/// keys. Cost of each change: logarithmic; of reading: constant.
package struct RankedKeys<Key: Hashable & Comparable & Sendable, Rank: Comparable & Sendable>: Sendable {
    private var heap: [(rank: Rank, key: Key)] = []
    private var places: [Key: Int] = [:]

    /// None yet.
    package init() {}

    package var count: Int { heap.count }
    package var isEmpty: Bool { heap.isEmpty }
    /// All of them, in no order; for tests and simulation.
    package var all: [(rank: Rank, key: Key)] { heap }

    /// The lowest one; `nil` where there is none.
    package var first: (rank: Rank, key: Key)? { heap.first }

    /// The rank of a key; `nil` where it is not here. Setting `nil` removes it.
    package subscript(key: Key) -> Rank? {
        get { places[key].map { heap[$0].rank } }
        set {
            switch (places[key], newValue) {
            case (nil, nil): break
            case (let place?, nil): remove(at: place)
            case (let place?, let rank?):
                heap[place].rank = rank
                lower(from: raise(from: place))
            case (nil, let rank?):
                heap.append((rank, key))
                places[key] = heap.count - 1
                raise(from: heap.count - 1)
            }
        }
    }

    /// The lowest one that is another key than this.
    package func first(besides key: Key) -> (rank: Rank, key: Key)? {
        guard let first = heap.first, first.key == key else { return heap.first }
        // The second one is a child of the first.
        guard heap.count > 2 else { return heap.count > 1 ? heap[1] : nil }
        return heap[isBefore(2, 1) ? 2 : 1]
    }

    /// What is wrong with the order; for tests and simulation.
    package var brokenInvariants: [String] {
        heap.indices.compactMap { place in
            let key = heap[place].key
            if places[key] != place { return "the place of \(key) is lost" }
            return place > 0 && isBefore(place, (place - 1) / 2) ? "\(key) is ranked behind a higher one" : nil
        } + (places.count == heap.count ? [] : ["\(places.count) places of \(heap.count) keys"])
    }

    // MARK: Helpers

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].rank, heap[one].key) < (heap[other].rank, heap[other].key)
    }

    private mutating func remove(at place: Int) {
        let last = heap.count - 1
        if place != last { swap(place, last) }
        places[heap.removeLast().key] = nil
        if place < heap.count { lower(from: raise(from: place)) }
    }

    /// Moves an element to the front while its parent is behind it; returns where it is.
    @discardableResult
    private mutating func raise(from start: Int) -> Int {
        var place = start
        while place > 0, isBefore(place, (place - 1) / 2) {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        return place
    }

    private mutating func lower(from start: Int) {
        var place = start
        while 2 * place + 1 < heap.count {
            let (left, right) = (2 * place + 1, 2 * place + 2)
            let child = right < heap.count && isBefore(right, left) ? right : left
            guard isBefore(child, place) else { return }
            swap(place, child)
            place = child
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        (places[heap[one].key], places[heap[other].key]) = (one, other)
    }
}
