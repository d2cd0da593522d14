import Cluster
import Foundation
import JSON
import Wire

/// The lines between a rollout worker and its program: one JSON object each, UTF-8, ended by a newline.
///
/// Input: an assignment, `{"assignment", "policy_id", "policy_version", "step", "prompt_id", "prompt", "n", "attempt"}`.
/// Output: rollouts that ended, in any number of lines until there are `n`:
///
/// ```
/// {"assignment":"…","reward":1,"reference":"run7/12.json"}      one rollout; "reference" is optional
/// {"assignment":"…","error":"timeout"}                          one rollout that ended without a reward
/// {"assignment":"…","rewards":[1,0,0.5],"failed":1,"references":["a","b","c"]}     several at once
/// {"assignment":"…"}                                            none: the program still works
/// ```
enum ProgramLine {
    /// The line for an assignment, including the newline.
    static func text(of assignment: Assignment) -> [UInt8] {
        let line = Input(
            assignment: assignment.name.description, policy_id: assignment.name.plan.policyID,
            policy_version: assignment.policyVersion, step: assignment.name.plan.step,
            prompt_id: assignment.promptID, prompt: assignment.text, n: assignment.n, attempt: assignment.name.attempt)
        guard let data = try? JSONEncoder.line.encode(line) else {
            preconditionFailure("strings and whole numbers are always JSON")
        }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// The report in an output line, or what is wrong with the line.
    static func report(_ line: [UInt8]) -> Result<RolloutReport, Problem> {
        let output: Output
        do {
            output = try JSONDecoder().decode(Output.self, from: Data(line))
        } catch DecodingError.keyNotFound(let key, _) {
            return .failure(Problem(text: "there is no \"\(key.stringValue)\""))
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return .failure(Problem(text: path.isEmpty ? "it is not an object" : "\"\(path)\" has the wrong type"))
        } catch {
            return .failure(Problem(text: "it is not a JSON object; note that NaN and Infinity are not JSON"))
        }
        return output.report
    }

    /// What is wrong with a line.
    struct Problem: Error {
        let text: String
    }

    private struct Input: Encodable {
        let assignment: String
        let policy_id: String
        let policy_version: Int
        let step: Int
        let prompt_id: String
        let prompt: String
        let n: Int
        let attempt: UInt64
    }

    private struct Output: Decodable {
        let assignment: String
        let reward: Reward?
        let error: String?
        let reference: String?
        let rewards: [Reward]?
        let failed: Int?
        let references: [String]?

        var report: Result<RolloutReport, Problem> {
            var report = RolloutReport(
                assignment: assignment, rewards: (rewards ?? []).map(\.value), failed: failed ?? 0,
                references: references ?? [])
            guard report.failed >= 0 else { return .failure(Problem(text: "\"failed\" is negative")) }
            guard references == nil || report.references.count == report.rewards.count else {
                return .failure(
                    Problem(text: "\(report.references.count) references for \(report.rewards.count) rewards"))
            }
            if let reward {
                guard rewards == nil, error == nil else {
                    return .failure(Problem(text: "\"reward\" must not be combined with \"rewards\" or \"error\""))
                }
                report.rewards = [reward.value]
                report.references = reference.map { [$0] } ?? []
            } else if error != nil {
                report.failed += 1
            }
            return .success(report)
        }
    }

    /// A number; programs that verify answers also write true and false.
    private struct Reward: Decodable {
        let value: Double

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let isRight = try? container.decode(Bool.self) {
                value = isRight ? 1 : 0
            } else {
                value = try container.decode(Double.self)
            }
        }
    }
}
