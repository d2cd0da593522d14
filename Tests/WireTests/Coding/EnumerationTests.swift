import Scoring
import Testing
import Wire

@Suite("Enumerations on the wire")
struct EnumerationTests {
    /// A case without a value on the wire would stop the program that sends it.
    @Test("every case that can be listed is sent and read again")
    func cases() throws {
        for mode in RequestPlan.Mode.allCases { #expect(try Self.sent { $0.mode = mode }.mode == mode) }
        for delivery in RequestPlan.Delivery.allCases {
            #expect(try Self.sent { $0.delivery = delivery }.delivery == delivery)
        }
        for fallback in RequestPlan.Fallback.allCases {
            #expect(try Self.sent { $0.fallback = fallback }.fallback == fallback)
        }
        for selection in ContextChoice.Selection.allCases {
            #expect(try Self.sent { $0.context.selection = selection }.context.selection == selection)
        }
        for objective in BudgetObjective.allCases {
            #expect(try Self.sent { $0.objective = objective }.objective == objective)
        }
    }

    @Test("every reason is sent and read again")
    func reasons() throws {
        let plan = PlanName(policyID: "p", step: 1)
        var messages: [Message] = []
        for reason in [Refusal.protocolVersion, .fingerprint, .capacity] {
            messages.append(.refused(reason, message: ""))
        }
        let job = JobID(high: 1, low: 2)
        for reason in [JobRefusal.fingerprint, .capacity, .context] {
            messages.append(.jobRefused(job, reason, message: ""))
        }
        let piece = PieceName(job: job, shard: 0, rows: 0..<1, attempt: 1)
        for reason in [ReturnReason.overCredit, .draining] { messages.append(.shardReturned(piece, reason)) }
        for reason in [RequestRefused.Reason.invalid, .conflict, .capacity, .deadline, .unknown] {
            messages.append(.requestRefused(RequestRefused(.plan(plan), reason, message: "")))
        }
        let name = AssignmentName(plan: plan, index: 0, attempt: 1)
        for verdict in [RewardsRecorded.Verdict.recorded, .superseded, .rejected] {
            messages.append(.rewardsRecorded(RewardsRecorded(name: name, verdict: verdict)))
        }
        for reason in [AssignmentReturn.draining, .programDied, .overCredit] {
            messages.append(.assignmentReturned(name, reason))
        }
        for message in messages {
            #expect(try Envelope(frames: Envelope(generation: 1, message).frames).message == message)
        }
    }

    private static func sent(_ change: (inout RequestPlan) -> Void) throws -> RequestPlan {
        var request = RequestPlan(
            plan: PlanName(policyID: "p", step: 1), total: 8, candidates: [PlanCandidate(promptID: "a", text: "A")])
        change(&request)
        let message = try Envelope(frames: Envelope(generation: 1, .requestPlan(request)).frames).message
        guard case .requestPlan(let read) = message else { throw WireError.undecodable }
        return read
    }
}
