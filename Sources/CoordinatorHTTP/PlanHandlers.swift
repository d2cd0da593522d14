import JSON
import HTTPTypes
import Hummingbird
import NIOCore
import Scoring
import Synchronization
import Wire

/// Answers requests by asking the coordinator.
struct PlanHandlers: Sendable {
    let door: CoordinatorClient
    /// The program's version, for those who look.
    let version: String
    let patience: Timeouts

    // MARK: Plans

    /// `POST /v1/plans`: the whole plan.
    func makePlan(_ json: JSONValue) async throws -> Response {
        let request = try RequestPlan(json)
        var answer = PlanAnswer(request.plan)
        for await heard in door.listen(to: .requestPlan(request), for: request.deadline + patience.grace) {
            if try take(heard, into: &answer, deadline: request.deadline) {
                return RequestResponder.json(JSONWriter.object { answer.write(to: &$0) })
            }
        }
        throw APIError.stopping
    }

    /// `POST /v1/plans` for those who take lines: budgets as they come, then the end.
    func streamPlan(_ json: JSONValue) async throws -> Response {
        let request = try RequestPlan(json)
        let listening = door.listen(to: .requestPlan(request), for: request.deadline + patience.grace)
        var answer = PlanAnswer(request.plan)
        var iterator = listening.makeAsyncIterator()
        // A refusal still has its own status, as long as no line has left.
        guard let first = await iterator.next() else { throw APIError.stopping }
        let isOver = try take(first, into: &answer, deadline: request.deadline)
        let begun = answer
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody { writer in
                var answer = begun
                try await writer.write(Self.lines(first, answer, isOver: isOver))
                if !isOver {
                    var isEnded = false
                    for await heard in listening {
                        let line: ByteBuffer
                        do {
                            isEnded = try take(heard, into: &answer, deadline: request.deadline)
                            line = Self.lines(heard, answer, isOver: isEnded)
                        } catch let error as APIError {
                            line = Self.line(of: error)
                            isEnded = true
                        }
                        try await writer.write(line)
                        if isEnded { break }
                    }
                    if !isEnded { try await writer.write(Self.line(of: .stopping)) }
                }
                try await writer.finish(nil)
            })
    }

    /// `GET /v1/plans/{policy_id}/{step}`: the plan as far as it has come, and groups done.
    func plan(_ texts: [String], _ numbers: [String: Int]) async throws -> Response {
        guard let step = Int(texts[1]) else {
            throw APIError.invalid(.wrongType, "step", "step: expected a whole number from 0, found \"\(texts[1])\"")
        }
        let plan = PlanName(policyID: texts[0], step: step)
        do throws(RequestFault) { try plan.check() } catch { throw APIError(error) }
        let after = numbers["groups_after"] ?? 0
        let look = try await PlanSnapshot.take(
            plan, groupsAfter: after, wait: .milliseconds(numbers["wait_ms"] ?? 0), patience: patience,
            through: door)
        return RequestResponder.json(
            JSONWriter.object { json in
                if look.answer.end == nil {
                    json.null("plan")
                } else {
                    json.object("plan") { look.answer.write(to: &$0) }
                }
                json.array("groups", look.groups) { json, group in json.object { PlanAnswer.write(group, to: &$0) } }
                json.member("groups_after", (look.groups.last?.number).map { $0 + 1 } ?? after)
            })
    }

    /// Adds what was heard; whether the plan is whole. Throws what ends the request.
    private func take(
        _ heard: ReplyEvent, into answer: inout PlanAnswer, deadline: Duration
    ) throws(APIError) -> Bool {
        switch heard {
        case .said(.budgets(answer.plan, let budgets)): answer.take(budgets)
        case .said(.planEnd(answer.plan, let end)):
            answer.take(end)
            guard answer.isWhole else { throw Self.hole(answer.plan) }
            return true
        // Of a plan that is asked for, a prompt whose text was never told.
        case .said(.requestRefused(let refused)) where refused.reason == .unknown:
            throw APIError(
                status: .unprocessableContent, code: .unknownPrompt, message: refused.message, param: "items")
        case .said(.requestRefused(let refused)): throw refused.error
        case .said: break
        case .late: throw late(deadline + patience.grace)
        case .stopping: throw APIError.stopping
        }
        return false
    }

    private func late(_ duration: Duration) -> APIError {
        APIError(
            status: .gatewayTimeout, code: .deadline,
            message: "the coordinator has not answered for \(duration)")
    }

    private static func hole(_ plan: PlanName) -> APIError {
        APIError(
            status: .badGateway, code: .hole,
            message: "budgets of \(plan) are missing, its digest says; ask again, equal requests get equal plans")
    }

    // MARK: Lines of a stream

    private static func lines(_ heard: ReplyEvent, _ answer: PlanAnswer, isOver: Bool) -> ByteBuffer {
        var json = JSONWriter()
        if case .said(.budgets(_, let budgets)) = heard {
            for budget in budgets {
                json.object { json in
                    json.member("kind", "budget")
                    json.member("index", budget.index)
                    PlanAnswer.write(budget, to: &json)
                }
                json.raw("\n")
            }
        }
        if isOver {
            json.object { json in
                json.member("kind", "end")
                answer.write(to: &json, withItems: false)
            }
            json.raw("\n")
        }
        return ByteBuffer(bytes: json.bytes)
    }

    private static func line(of error: APIError) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("kind", "error")
            error.write(to: &json)
        }
        json.raw("\n")
        return ByteBuffer(bytes: json.bytes)
    }

    // MARK: Outcomes and scores

    /// `POST /v1/outcomes`.
    func recordOutcomes(_ json: JSONValue) async throws -> Response {
        let report = try ReportOutcomes(json, request: .random(in: 1...(.max)))
        for await heard in door.listen(to: .reportOutcomes(report), for: patience.record) {
            switch heard {
            case .said(.outcomesRecorded(let recorded)):
                return RequestResponder.json(JSONWriter.object { Self.write(recorded, of: report, to: &$0) })
            case .said(.requestRefused(let refused)): throw refused.error
            case .said: break
            case .late, .stopping: throw late(patience.record)
            }
        }
        throw APIError.stopping
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

    /// `POST /v1/score`.
    func score(_ json: JSONValue) async throws -> Response {
        let (request, promptIDs) = try RequestScores.reading(json, request: .random(in: 1...(.max)))
        for await heard in door.listen(to: .requestScores(request), for: request.deadline + patience.grace) {
            switch heard {
            case .said(.scores(let scores)):
                return RequestResponder.json(JSONWriter.object { Self.write(scores, of: promptIDs, to: &$0) })
            case .said(.requestRefused(let refused)): throw refused.error
            case .said: break
            case .late, .stopping: throw late(request.deadline + patience.grace)
            }
        }
        throw APIError.stopping
    }

    private static func write(_ scores: Scores, of promptIDs: [String?], to json: inout JSONWriter) {
        json.member("model", scores.fingerprint.name)
        json.member("fingerprint", scores.fingerprint.digest.hex)
        json.member("context_rows", scores.contextRows)
        json.member("context", scores.context.hex)
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
