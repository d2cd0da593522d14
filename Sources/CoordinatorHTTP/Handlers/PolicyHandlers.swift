import Cluster
import HTTPServing
import Hummingbird
import JSON
import Scoring

/// Answers what operators ask about the histories of policies: which there are, their outcomes, and to forget one.
struct PolicyHandlers: Sendable {
    let coordinator: CoordinatorClient

    /// Outcomes in one answer.
    static let outcomesCount = 1...4096

    /// `GET /v1/policies`.
    func list(in scope: Scope) async throws -> Response {
        guard case .policies(let policies) = try await answer(.policies, in: scope) else { throw HTTPFailure.stopping }
        return .json { json in
            json.array("policies", policies) { json, policy in json.object { Self.write(policy, to: &$0) } }
        }
    }

    /// `GET /v1/policies/{policy_id}/outcomes`: in the order in which they were recorded. Each item may be sent to
    /// `POST /v1/outcomes`.
    func outcomes(of policyID: String, in scope: Scope, from: Int, count: Int) async throws -> Response {
        guard
            case .outcomes(let outcomes, let next) = try await answer(
                .outcomes(policyID: policyID, from: from, count: count), in: scope)
        else { throw Self.unknown(policyID) }
        return .json { json in
            json.member("policy_id", policyID)
            json.array("outcomes", outcomes) { json, outcome in
                json.object { json in
                    json.member("event_id", outcome.eventID)
                    json.member("prompt_id", outcome.promptID)
                    json.member("prompt", outcome.text)
                    json.member("policy_version", outcome.version)
                    if outcome.n > 0 {
                        json.member("mean", outcome.reward)
                        json.member("n", outcome.n)
                    }
                    json.member("failed", outcome.failed)
                    if outcome.tokens > 0 { json.member("tokens", outcome.tokens) }
                }
            }
            json.member("next", next)
        }
    }

    /// `DELETE /v1/policies/{policy_id}`: answered when that is durable.
    func forget(_ policyID: String, in scope: Scope) async throws -> Response {
        guard case .forgotten(let policy) = try await answer(.forget(policyID: policyID), in: scope) else {
            throw Self.unknown(policyID)
        }
        return .json { json in json.object("forgotten") { Self.write(policy, to: &$0) } }
    }

    private func answer(_ query: HistoryQuery, in scope: Scope) async throws(HTTPFailure) -> HistoryAnswer {
        guard let answer = await coordinator.query(query, scope) else { throw .stopping }
        return answer
    }

    private static func unknown(_ policyID: String) -> HTTPFailure {
        HTTPFailure(
            .notFound, .unknownPolicy, "policy \"\(policyID.prefix(80))\" has no history here; see GET /v1/policies",
            param: "policy_id")
    }

    private static func write(_ policy: PolicySummary, to json: inout JSONWriter) {
        json.member("policy_id", policy.policyID)
        json.member("outcomes", policy.outcomes)
        json.member("prompts", policy.prompts)
        json.member("bytes", policy.bytes)
        json.member("latest_version", policy.latestVersion)
        json.member("failure_rate", policy.failureRate)
        json.array("plans", policy.plans) { json, step in json.number(step) }
        json.member("idle_rank", policy.idleRank)
        if let tenant = policy.tenant { json.member("tenant", tenant) }
    }
}
