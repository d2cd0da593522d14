// Binary search in what is kept in ascending order.

extension RandomAccessCollection where Index == Int {
    /// The index of the first element that is not before what is looked for, or `endIndex`. `range`, by default everything, is
    /// where to look. The elements are ascending by what `isBefore` compares. Cost: logarithmic in the range.
    func firstIndex(in range: Range<Int>? = nil, whereNot isBefore: (Element) -> Bool) -> Int {
        var (low, high) = range.map { ($0.lowerBound, $0.upperBound) } ?? (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
