import Cluster
import HTTPServing
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Wire

/// Answers requests for plans by asking the coordinator.
struct PlanHandlers: Sendable {
    let coordinator: CoordinatorClient
    let timeouts: Timeouts

    /// `POST /v1/plans`: the whole plan.
    func make(_ json: JSONValue, in scope: Scope) async throws -> Response {
        let request = try RequestPlan(json)
        var answer = PlanAnswer(request.plan)
        for await reply in replies(to: request, in: scope) {
            if try answer.receive(reply, within: limit(of: request)) { return .json { answer.write(to: &$0) } }
        }
        throw HTTPFailure.stopping
    }

    /// `POST /v1/plans` for clients that accept lines: budgets as they are made, then the end.
    func stream(_ json: JSONValue, in scope: Scope) async throws -> Response {
        let request = try RequestPlan(json)
        let limit = limit(of: request)
        let replies = replies(to: request, in: scope)
        var answer = PlanAnswer(request.plan)
        var iterator = replies.makeAsyncIterator()
        // A refusal has its own status as long as no line was written.
        guard let first = await iterator.next() else { throw HTTPFailure.stopping }
        let isOver = try answer.receive(first, within: limit)
        let begun = answer
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody { writer in
                var answer = begun
                try await writer.write(PlanLines.lines(for: first, answer, isOver: isOver))
                if !isOver {
                    var hasEnded = false
                    for await reply in replies {
                        let line: ByteBuffer
                        do throws(HTTPFailure) {
                            hasEnded = try answer.receive(reply, within: limit)
                            line = PlanLines.lines(for: reply, answer, isOver: hasEnded)
                        } catch {
                            line = PlanLines.line(for: error)
                            hasEnded = true
                        }
                        try await writer.write(line)
                        if hasEnded { break }
                    }
                    if !hasEnded { try await writer.write(PlanLines.line(for: .stopping)) }
                }
                try await writer.finish(nil)
            })
    }

    /// `GET /v1/plans/{policy_id}/{step}`: what there is of a plan, and its groups that are done.
    func find(
        policyID: String, step: String, in scope: Scope, groupsAfter: Int, wait: Duration
    ) async throws -> Response {
        guard let number = Int(step) else {
            throw HTTPFailure.invalid(.wrongType, "step", "step: expected a whole number from 0, found \"\(step)\"")
        }
        let plan = PlanName(policyID: policyID, step: number)
        do throws(RequestFault) { try plan.check() } catch { throw HTTPFailure(error) }
        let snapshot = try await coordinator.snapshot(
            of: plan, in: scope, groupsAfter: groupsAfter, wait: wait, timeouts: timeouts)
        return .json { json in
            if snapshot.answer.end == nil {
                json.null("plan")
            } else {
                json.object("plan") { snapshot.answer.write(to: &$0) }
            }
            json.array("groups", snapshot.groups) { json, group in json.object { PlanAnswer.write(group, to: &$0) } }
            json.member("groups_after", (snapshot.groups.last?.number).map { $0 + 1 } ?? groupsAfter)
        }
    }

    /// `DELETE /v1/plans`: drops plans from a step on.
    func drop(query: String?, in scope: Scope) async throws -> Response {
        let drop = try DropPlans(query: query, request: .random(in: 1...(.max)))
        for await reply in coordinator.replies(to: .dropPlans(drop), in: scope, for: timeouts.record) {
            switch reply {
            case .message(.plansDropped(let dropped)):
                return .json { json in
                    json.member("policy_id", drop.policyID)
                    json.member("from", drop.fromStep)
                    json.member("attempt", Int(clamping: dropped.attempt))
                    json.member("plans", dropped.plans)
                    json.member("groups", dropped.groups)
                    json.member("outcomes", dropped.outcomes)
                }
            case .message(.requestRefused(let refused)): throw HTTPFailure(refused)
            case .message: break
            case .late, .stopping: throw HTTPFailure.late(timeouts.record)
            }
        }
        throw HTTPFailure.stopping
    }

    private func limit(of request: RequestPlan) -> Duration { request.deadline + timeouts.grace }

    private func replies(to request: RequestPlan, in scope: Scope) -> AsyncStream<ReplyEvent> {
        coordinator.replies(to: .requestPlan(request), in: scope, for: limit(of: request))
    }
}
