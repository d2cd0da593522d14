import Planning
import Replaying
import Scoring
import Testing

@Suite("Replay options and errors")
struct ReplayOptionsTests {
    @Test("an option outside its range is rejected by name")
    func rejections() {
        let model = NumberModel { _ in 0.5 }
        let cases: [((inout ReplayOptions) -> Void, String, Int, String)] = [
            ({ $0.mean = 1 }, "rollouts per prompt", 1, "2…1024"),
            ({ $0.stepPrompts = 0 }, "prompts per step", 0, "1…"),
            ({ $0.contextRows = 5000 }, "context size", 5000, "1…4096"),
            ({ $0.pooledVisits = -1 }, "pooled visits", -1, "0…100"),
            ({ $0.chunkTexts = 0 }, "texts per chunk", 0, "1…"),
        ]
        for (change, name, value, range) in cases {
            #expect(throws: ReplayError.optionOutOfRange(name: name, value: value, range: range)) {
                try ReplayStudy(model: model, options: SampleLogs.options(change))
            }
        }
    }

    @Test("a message has the source and what to do")
    func messages() {
        #expect(ReplayError.noGroups(source: "run").description.contains("n of 2 or more"))
        #expect(ReplayError.nothingToReplay(source: "run", mode: .steps).description.contains("--by roles"))
        #expect(ReplayError.nothingToReplay(source: "run", mode: .roles).description.contains("--by steps"))
        #expect(ReplayError.model(source: "run", .kernel("no memory")).description.contains("no memory"))
        #expect(ReplayError.planning(source: "run", .noPrompts).description.hasPrefix("source run: "))
    }
}
