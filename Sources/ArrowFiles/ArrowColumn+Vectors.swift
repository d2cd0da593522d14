// Lists of numbers are read as such: as JSON values, each number would become text and a number again.

extension ArrowColumn {
    /// The floating-point numbers of one member's list, in a row counted as `value(at:)` does; null among them is NaN.
    ///
    /// `nil` where the list is null, and for a member of another type.
    func vector(_ member: Int, atRow row: Int) -> [Float]? {
        guard parts.indices.contains(member), row >= 0, row < length else { return nil }
        let lists = parts[member]
        let place = lists.offset + offset + row
        guard offset + row < lists.length, !lists.isNull(at: place), let numbers = lists.parts.first else { return nil }
        return lists.list(at: place).map { numbers.float(at: numbers.offset + $0) }
    }

    private func float(at place: Int) -> Float {
        guard !isNull(at: place) else { return .nan }
        return switch kind {
        case .number(.half): load(Float16.self, at: place).map { Float($0) } ?? .nan
        case .number(.float): load(Float.self, at: place) ?? .nan
        case .number(.double): load(Double.self, at: place).map { Float($0) } ?? .nan
        default: .nan
        }
    }
}
