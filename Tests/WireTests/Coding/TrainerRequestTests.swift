import Scoring
import Testing
import Wire

@Suite("Which messages are requests of trainers, by their first bytes")
struct TrainerRequestTests {
    @Test(
        "requests for plans and scores, and reports; no other message, and no bytes that are none",
        arguments: [0, 1, UInt64.max])
    func kinds(generation: UInt64) {
        let plan = PlanName(policyID: "p", step: 1)
        let requests: [Message] = [
            .requestPlan(RequestPlan(plan: plan, total: 8, candidates: [PlanCandidate(promptID: "a", text: "b")])),
            .reportOutcomes(ReportOutcomes(request: 1, policyID: "p", rewards: 0...1, outcomes: [])),
            .requestScores(RequestScores(request: 1, policy: Policy(id: "p"), texts: TextBlock(["a"]))),
        ]
        for message in requests {
            #expect(Envelope.isRequestOfTrainer(rawFrames: Envelope(generation: generation, message).rawFrames))
        }
        let others: [Message] = [
            .bye, .heartbeat(Heartbeat(incarnation: 1)), .followPlan(plan, groupsAfter: 0),
            .hello(Hello(role: .trainer, name: "t", incarnation: 1)),
            .submitShard(
                SubmitShard(
                    job: JobID(high: 1, low: 2), shard: 0, tokens: 1, affinity: 1, texts: TextBlock(["a"]))),
        ]
        for message in others {
            #expect(!Envelope.isRequestOfTrainer(rawFrames: Envelope(generation: generation, message).rawFrames))
        }
        for bytes in [[], Array("SZ01".utf8), Array("SZ01".utf8) + [8], Array("SZ01".utf8) + [8, 0xFF], [0xC2, 1]] {
            #expect(!Envelope.isRequestOfTrainer(rawFrames: [RawFrame(bytes)]))
        }
        #expect(!Envelope.isRequestOfTrainer(rawFrames: []))
    }
}
