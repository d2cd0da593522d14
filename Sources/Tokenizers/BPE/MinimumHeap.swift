/// Numbers of which the lowest comes out first.
struct MinimumHeap {
    private var numbers: [UInt64] = []

    mutating func removeAll() { numbers.removeAll(keepingCapacity: true) }

    mutating func push(_ number: UInt64) {
        numbers.append(number)
        var i = numbers.count - 1
        while i > 0 {
            let parent = (i - 1) / 2
            if numbers[parent] <= number { break }
            numbers[i] = numbers[parent]
            i = parent
        }
        numbers[i] = number
    }

    mutating func pop() -> UInt64? {
        guard let lowest = numbers.first, let last = numbers.popLast() else { return nil }
        if numbers.isEmpty { return lowest }
        var i = 0
        while true {
            var child = 2 * i + 1
            if child >= numbers.count { break }
            if child + 1 < numbers.count, numbers[child + 1] < numbers[child] { child += 1 }
            if last <= numbers[child] { break }
            numbers[i] = numbers[child]
            i = child
        }
        numbers[i] = last
        return lowest
    }
}
