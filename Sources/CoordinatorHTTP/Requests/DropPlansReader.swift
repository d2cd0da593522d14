import Foundation
package import HTTPServing
import Scoring
package import Wire

// Reads the query of `DELETE /v1/plans`: policy, from, attempt, keep_outcomes.

extension DropPlans {
    /// Reads a query. Throws the first member that is missing, unknown, of a wrong type or out of range.
    package init(query: String?, request: UInt64) throws(HTTPFailure) {
        var texts: [String: String] = [:]
        var rest: [Substring] = []
        for pair in (query ?? "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(halves[0])
            guard ["policy", "keep_outcomes"].contains(key) else {
                rest.append(pair)
                continue
            }
            guard let text = (halves.count == 2 ? String(halves[1]) : "").removingPercentEncoding else {
                throw .invalid(.invalidUTF8, key, "\(key) is not UTF-8 after percent-decoding")
            }
            guard texts.updateValue(text, forKey: key) == nil else {
                throw HTTPFailure(QueryNumbers.Fault.duplicate(key))
            }
        }
        let numbers: [String: Int]
        do throws(QueryNumbers.Fault) {
            numbers = try QueryNumbers.read(
                rest.joined(separator: "&"), ["from": PlanLimits.steps, "attempt": PlanLimits.attempts])
        } catch {
            throw HTTPFailure(error)
        }
        guard let policyID = texts["policy"] else { throw .invalid(.missing, "policy", "policy is missing") }
        guard let step = numbers["from"] else {
            throw .invalid(.missing, "from", "from is missing: the first step to drop")
        }
        guard let keeps = Bool(texts["keep_outcomes"] ?? "false") else {
            throw .invalid(.wrongType, "keep_outcomes", "keep_outcomes: expected true or false")
        }
        self.init(
            request: request, policyID: policyID, fromStep: step, attempt: UInt64(numbers["attempt"] ?? 0),
            keepsOutcomes: keeps)
        do throws(RequestFault) { try check() } catch { throw HTTPFailure(error) }
    }
}
