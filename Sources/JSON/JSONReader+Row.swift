/// What is read of a row: few of the many names that a row may have.
extension JSONReader {
    /// The members of a row, by the places of their names.
    ///
    /// A row has few of the names that are looked for, and an absent member costs as much to make and to destroy as one
    /// that is there. So only those that are there are kept.
    public struct Row: Equatable, Sendable {
        /// By place: the member's number plus 1; 0 where it is absent.
        @usableFromInline var numbers: [Int32]
        private var members: [RowMember] = []

        /// Members that most rows have at most: they are allocated once.
        private static let usualMembers = 8

        /// No members, for so many names.
        public init(names count: Int) {
            numbers = Array(repeating: 0, count: count)
            members.reserveCapacity(Self.usualMembers)
        }

        /// The member of a name; `nil` if it is absent. A member that is there is replaced, and cannot be removed.
        public subscript(place: Int) -> RowMember? {
            get { numbers[place] == 0 ? nil : members[Int(numbers[place]) - 1] }
            set {
                guard let newValue else { return }
                if numbers[place] > 0 { return members[Int(numbers[place]) - 1] = newValue }
                members.append(newValue)
                numbers[place] = Int32(clamping: members.count)
            }
        }

        /// Whether a member is there. Inlinable: a row is asked for dozens of names that it does not have.
        @inlinable
        public func has(_ place: Int) -> Bool { numbers[place] > 0 }
    }
}
