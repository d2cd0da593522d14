import DequeModule

/// A queue of which several owners take turns: one with many elements delays another by one element at most. The elements of
/// an owner keep their order. Cost of each call: constant.
package struct TurnQueue<Owner: Hashable, Element> {
    private var waiting: [Owner: Deque<Element>] = [:]
    /// Owners with an element, the next one first.
    private var owners: Deque<Owner> = []

    package init() {}

    package var isEmpty: Bool { owners.isEmpty }

    /// Adds an element behind those of its owner.
    package mutating func append(_ element: Element, of owner: Owner) {
        if waiting[owner] == nil { owners.append(owner) }
        waiting[owner, default: []].append(element)
    }

    /// Removes and returns the next element of an owner that is not throttled; `nil` where there is none. Cost: constant, and a
    /// look at each that is.
    package mutating func popFirst(unless isThrottled: (Owner) -> Bool = { _ in false }) -> Element? {
        guard let place = owners.firstIndex(where: { !isThrottled($0) }) else { return nil }
        let owner = owners.remove(at: place)
        guard let element = waiting[owner]?.popFirst() else { return nil }
        if waiting[owner]?.isEmpty == true { waiting[owner] = nil } else { owners.append(owner) }
        return element
    }

    /// Whether `popFirst` would return an element.
    package func hasNext(unless isThrottled: (Owner) -> Bool) -> Bool { owners.contains { !isThrottled($0) } }
}

extension TurnQueue: Sendable where Owner: Sendable, Element: Sendable {}
