// A value brought into a range.

extension Comparable {
    /// The value itself, or the bound of the range that is nearer to it.
    package func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
