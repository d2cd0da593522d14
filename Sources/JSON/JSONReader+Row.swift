/// What is read of a row: few of the many names that a row may have.
extension JSONReader {
    /// The members of a row, by the places of their names.
    ///
    /// A row has few of the names that are looked for, and an absent member costs as much to make and to destroy as one
    /// that is there. So only those that are there are kept, in one allocation, and a set of bits says of most names that
    /// they are not among them.
    public struct Row: Equatable, Sendable {
        @usableFromInline
        struct Member: Equatable, Sendable {
            @usableFromInline let place: Int
            @usableFromInline var value: JSONValue

            @inlinable
            init(place: Int, value: JSONValue) {
                self.place = place
                self.value = value
            }
        }

        private struct Fault: Equatable, Sendable {
            let place: Int
            var error: JSONError
        }

        /// Names that may be there.
        @usableFromInline var present = JSONPlaces()
        /// In the order of the text; few.
        @usableFromInline var members: [Member] = []
        /// Of members that are not strict JSON; nearly always none.
        private var faults: [Fault] = []

        /// Members that most rows have at most: they are allocated once.
        private static let usualMembers = 8

        /// No members.
        public init() {
            members.reserveCapacity(Self.usualMembers)
        }

        /// The member of a name; `nil` if it is absent. A member that is there is replaced, and cannot be removed.
        public subscript(place: Int) -> RowMember? {
            get { value(place).map { RowMember(value: $0, fault: fault(place)) } }
            set {
                guard let newValue else { return }
                set(place, newValue.value, fault: newValue.fault)
            }
        }

        /// The value of a member; `nil` if it is absent. Inlinable: a row is asked for dozens of names that it does not have.
        @inlinable
        public func value(_ place: Int) -> JSONValue? {
            guard present.mayHave(place) else { return nil }
            for member in members where member.place == place { return member.value }
            return nil
        }

        /// Whether a member is there.
        @inlinable
        public func has(_ place: Int) -> Bool {
            guard present.mayHave(place) else { return false }
            for member in members where member.place == place { return true }
            return false
        }

        /// Whether one of these names may be there: `false` is certain.
        @inlinable
        public func mayHave(any places: JSONPlaces) -> Bool { present.mayMeet(places) }

        /// Why the value of a member must not be used; `nil` if it is strict JSON.
        public func fault(_ place: Int) -> JSONError? {
            faults.isEmpty ? nil : faults.first { $0.place == place }?.error
        }

        /// Adds a member, or replaces the one that is there, with its fault.
        public mutating func set(_ place: Int, _ value: JSONValue, fault: JSONError? = nil) {
            if has(place), let index = members.firstIndex(where: { $0.place == place }) {
                members[index].value = value
                faults.removeAll { $0.place == place }
            } else {
                present.insert(place)
                members.append(Member(place: place, value: value))
            }
            if let fault { faults.append(Fault(place: place, error: fault)) }
        }
    }
}

/// Places of names as bits. Places that are 256 apart share one, so a bit says "perhaps" and its absence "no".
public struct JSONPlaces: Equatable, Sendable {
    @usableFromInline var bits = SIMD4<UInt64>()

    /// None.
    @inlinable
    public init() {}

    /// These.
    public init(_ places: some Sequence<Int>) {
        for place in places { insert(place) }
    }

    /// Adds one.
    @inlinable
    public mutating func insert(_ place: Int) { bits[place >> 6 & 3] |= 1 << UInt64(place & 63) }

    /// Whether a place may be among them; `false` is certain.
    @inlinable
    public func mayHave(_ place: Int) -> Bool { bits[place >> 6 & 3] & 1 << UInt64(place & 63) != 0 }

    /// Whether one of the others may be among them; `false` is certain.
    @inlinable
    public func mayMeet(_ others: JSONPlaces) -> Bool {
        let both = bits & others.bits
        return both[0] | both[1] | both[2] | both[3] != 0
    }
}
