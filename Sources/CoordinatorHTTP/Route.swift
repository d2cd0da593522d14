import Foundation
import HTTPTypes

/// What is served: a path's shape and its methods. Raw values are the shapes of `proto/openapi.yaml`, and labels.
enum Route: String, CaseIterable {
    case plans = "/v1/plans"
    case plan = "/v1/plans/{policy_id}/{step}"
    case outcomes = "/v1/outcomes"
    case score = "/v1/score"
    case status = "/v1/status"
    case livez = "/livez"
    case readyz = "/readyz"
    case metrics = "/metrics"

    /// The only method of the path.
    var method: HTTPRequest.Method {
        switch self {
        case .plans, .outcomes, .score: .post
        default: .get
        }
    }

    /// Whether a request of it is work for the coordinator's planner, and so counts towards the limit of those.
    var isWork: Bool { method == .post || self == .plan }

    /// The route of a path and the texts that stand in its braces, percent-encoding undone; `nil` where there is none.
    static func named(_ path: some StringProtocol) -> (Route, [String])? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        for route in allCases {
            let shape = route.rawValue.split(separator: "/", omittingEmptySubsequences: false)
            guard shape.count == parts.count else { continue }
            var found: [String] = []
            let matches = zip(shape, parts).allSatisfy { shape, part in
                guard shape.hasPrefix("{") else { return shape == part }
                guard !part.isEmpty, let text = String(part).removingPercentEncoding else { return false }
                found.append(text)
                return true
            }
            if matches { return (route, found) }
        }
        return nil
    }

    /// Whole numbers of a query, by key. Throws `unknownKey`, `duplicate`, `wrongType`, `outOfRange`.
    static func numbers(
        _ query: String?, _ ranges: KeyValuePairs<String, ClosedRange<Int>>
    ) throws(APIError) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(halves[0]).removingPercentEncoding ?? String(halves[0])
            guard let range = ranges.first(where: { $0.key == key })?.value else {
                throw .invalid(
                    .unknownKey, key,
                    "\(key) is not known here; known are \(ranges.map(\.key).joined(separator: ", "))")
            }
            guard numbers[key] == nil else { throw .invalid(.duplicate, key, "\(key) stands twice in the query") }
            let text = halves.count == 2 ? String(halves[1]).removingPercentEncoding ?? "" : ""
            guard let number = Int(text) else {
                throw .invalid(.wrongType, key, "\(key): expected a whole number, found \"\(text)\"")
            }
            guard range.contains(number) else {
                throw .invalid(
                    .outOfRange, key,
                    "\(key) is \(number); it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            numbers[key] = number
        }
        return numbers
    }
}
