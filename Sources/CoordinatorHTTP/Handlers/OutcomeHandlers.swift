import Cluster
import HTTPServing
import Hummingbird
import JSON
import Wire

/// Answers reports of outcomes by asking the coordinator to record them.
struct OutcomeHandlers: Sendable {
    let coordinator: CoordinatorClient
    let timeouts: Timeouts

    /// `POST /v1/outcomes`.
    func record(_ json: JSONValue, in scope: Scope) async throws -> Response {
        let report = try ReportOutcomes(json, request: .random(in: 1...(.max)))
        for await reply in coordinator.replies(to: .reportOutcomes(report), in: scope, for: timeouts.record) {
            switch reply {
            case .message(.outcomesRecorded(let recorded)):
                return .json { Self.write(recorded, of: report, to: &$0) }
            case .message(.requestRefused(let refused)): throw HTTPFailure(refused)
            case .message: break
            case .late, .stopping: throw HTTPFailure.late(timeouts.record)
            }
        }
        throw HTTPFailure.stopping
    }

    private static func write(_ recorded: OutcomesRecorded, of report: ReportOutcomes, to json: inout JSONWriter) {
        json.member("accepted", recorded.accepted)
        json.member("duplicates", recorded.duplicates)
        json.array("rejected", recorded.rejected) { json, rejected in
            json.object { json in
                json.member("index", rejected.index)
                json.member("event_id", rejected.eventID)
                json.member("code", rejected.code)
                json.member("message", rejected.message)
            }
        }
        json.array("decisions", recorded.decisions) { json, decision in
            json.object { json in
                json.member("index", decision.index)
                json.member(
                    "event_id",
                    report.outcomes.indices.contains(decision.index) ? report.outcomes[decision.index].eventID : nil)
                json.member("draw", decision.draw)
                if let done = decision.done {
                    json.object("group") { PlanAnswer.write(done, to: &$0) }
                } else {
                    json.null("group")
                }
            }
        }
    }
}
