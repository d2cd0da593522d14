import Foundation
import RolloutNode
import TestSupport
import Testing
import Wire

@Suite("Rollout worker: rewards drawn from given rates")
struct SimulatedTests {
    private func run(_ rates: SimulatedRates, seconds: Double, seed: UInt64) throws -> [AssignmentName: Rewards] {
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(30, n: 10))
        let node = try RolloutSample.start(.simulated(rates, seconds: seconds, seed: seed), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 30 })
        node.drain()
        try node.wait()
        try coordinator.stop()
        return coordinator.received.rewards
    }

    @Test("the same seed draws the same rewards; rates of 0 and 1 are certain; a prompt without a rate fails")
    func draws() throws {
        var rates = Dictionary(uniqueKeysWithValues: (0..<29).map { ("p\($0)", Double($0 % 3) / 2) })
        rates["p29"] = nil
        let atOnce = try run(SimulatedRates(rates), seconds: 0, seed: 5)
        #expect(atOnce == (try run(SimulatedRates(rates), seconds: 0, seed: 5)))
        #expect(atOnce != (try run(SimulatedRates(rates), seconds: 0, seed: 6)))
        for (name, rewards) in atOnce {
            switch name.index {
            case 29: #expect(rewards.failed == 10 && rewards.rewards.isEmpty)
            case let index where index % 3 == 0: #expect(rewards.rewards.allSatisfy { $0 == 0 })
            case let index where index % 3 == 2: #expect(rewards.rewards.allSatisfy { $0 == 1 })
            default: #expect(rewards.rewards.count == 10)
            }
        }
        let halves = atOnce.values.filter { $0.name.index % 3 == 1 }.flatMap(\.rewards)
        let mean = halves.reduce(0, +) / Double(halves.count)
        #expect(abs(mean - 0.5) < 0.2, "\(mean) of \(halves.count) draws at one half")
        let slow = try run(SimulatedRates(rates), seconds: 0.001, seed: 5)
        #expect(slow.mapValues(\.rewards.count) == atOnce.mapValues(\.rewards.count))
    }

    @Test("rates are read from p, reward, or k and n; a row without a rate in [0, 1] is refused with its line")
    func file() throws {
        let folder = try ScratchFolder()
        let path = folder.file("rates.jsonl")
        let rows = [
            #"{"prompt_id":"a","p":0.25}"#, #"{"prompt_id":"b","reward":1,"n":4}"#, "",
            #"{"prompt_id":"c","k":3,"n":4}"#,
        ]
        try folder.write("rates.jsonl", rows.joined(separator: "\n"))
        #expect(try SimulatedRates(path: path).rates == ["a": 0.25, "b": 1, "c": 0.75])
        for bad in [#"{"prompt_id":"a"}"#, #"{"prompt_id":"a","p":1.5}"#, #"{"p":0.5}"#, #"{"prompt_id":"a","k":1}"#] {
            try folder.write("rates.jsonl", (rows + [bad]).joined(separator: "\n"))
            #expect { try SimulatedRates(path: path) } throws: { "\($0)".contains("rates.jsonl:5:") }
        }
    }
}
