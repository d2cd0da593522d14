import Cluster
import HTTPServing
import Hummingbird
import JSON
import Scoring
import Wire

/// Answers requests for predictions by asking the coordinator.
struct ScoreHandlers: Sendable {
    let coordinator: CoordinatorClient
    let timeouts: Timeouts

    /// `POST /v1/score`.
    func score(_ json: JSONValue, in scope: Scope) async throws -> Response {
        let (request, promptIDs) = try RequestScores.reading(json, request: .random(in: 1...(.max)))
        let limit = request.deadline + timeouts.grace
        for await reply in coordinator.replies(to: .requestScores(request), in: scope, for: limit) {
            switch reply {
            case .message(.scores(let scores)): return .json { Self.write(scores, of: promptIDs, to: &$0) }
            case .message(.requestRefused(let refused)): throw HTTPFailure(refused)
            case .message: break
            case .late, .stopping: throw HTTPFailure.late(limit)
            }
        }
        throw HTTPFailure.stopping
    }

    private static func write(_ scores: Scores, of promptIDs: [String?], to json: inout JSONWriter) {
        json.member("model", scores.fingerprint.name)
        json.member("fingerprint", scores.fingerprint.digest.hex)
        json.member("context_rows", scores.contextRows)
        json.member("context", scores.context.hex)
        let fromTexts = Evidence(contextRows: scores.contextRows, references: 0, ownRecord: false)
        let faults = Dictionary(scores.faults.map { (Int($0.row), $0) }) { first, _ in first }
        json.array("items", promptIDs.enumerated()) { json, item in
            let prediction = item.offset < scores.answers.count ? scores.answers[item.offset] : nil
            json.object { json in
                json.member("prompt_id", item.element)
                json.member("p", prediction?.p)
                json.member("kappa", prediction?.kappa)
                json.member("p_lo", prediction?.pLo)
                json.member("p_hi", prediction?.pHi)
                json.member("truncated", prediction?.flags.contains(.truncated) ?? false)
                PlanAnswer.write(
                    item.offset < scores.evidence.count ? scores.evidence[item.offset] : fromTexts, to: &json)
                guard prediction == nil else { return json.null("error") }
                let fault = faults[item.offset]
                json.object("error") { json in
                    json.member("code", fault?.code ?? "prediction_failed")
                    json.member("message", fault?.message ?? "the model gave no probability for the prompt")
                }
            }
        }
    }
}
