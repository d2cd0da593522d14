import Foundation

/// The query of a request that may have only whole numbers as values.
public enum QueryNumbers {
    /// What is wrong with a query. `key` is the member.
    public enum Fault: Error, Equatable {
        case unknownKey(String, known: [String])
        case duplicate(String)
        case notWhole(String, found: String)
        case outOfRange(String, found: Int, range: ClosedRange<Int>)
    }

    /// The numbers by key, percent-encoding undone. `ranges` has the keys that are known.
    public static func read(
        _ query: String?, _ ranges: KeyValuePairs<String, ClosedRange<Int>>
    ) throws(Fault) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(halves[0]).removingPercentEncoding ?? String(halves[0])
            guard let range = ranges.first(where: { $0.key == key })?.value else {
                throw .unknownKey(key, known: ranges.map(\.key))
            }
            guard numbers[key] == nil else { throw .duplicate(key) }
            let text = halves.count == 2 ? String(halves[1]).removingPercentEncoding ?? "" : ""
            guard let number = Int(text) else { throw .notWhole(key, found: text) }
            guard range.contains(number) else { throw .outOfRange(key, found: number, range: range) }
            numbers[key] = number
        }
        return numbers
    }
}
