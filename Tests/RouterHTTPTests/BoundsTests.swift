import Foundation
import RouterHTTP
import Routing
import Scoring
import Testing

@Suite("Everything that is kept has a bound")
struct BoundsTests {
    private func row(_ id: Int) throws -> DecisionRow {
        DecisionRow(
            id: "d-\(id)", promptDigest: "00", inputTokens: 1, rule: .weighted(0.5),
            decision: RouteDecision(model: 0, reason: .named, ranking: [0]), candidates: [],
            fleet: try Fleet(models: [FleetModel(name: "a", price: .flat(1))]))
    }

    @Test("a full log is rotated: the newest lines stay, in no more files than allowed")
    func log() throws {
        let folder = NSTemporaryDirectory() + "statezero-log-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bytes = try row(10).line().count + 1
        let log = try DecisionLog(path: folder + "/decisions.jsonl", bytesMax: 2 * bytes, filesMax: 3)
        for id in 10..<19 { log.append(try row(id)) }
        #expect(log.lost == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["decisions.jsonl", "decisions.jsonl.1", "decisions.jsonl.2"])
        let ids = try names.map { name in
            try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").compactMap {
                try? JSONDecoder().decode(DecisionRow.self, from: Data($0.utf8)).decisionID
            }
        }
        #expect(ids == [["d-18"], ["d-16", "d-17"], ["d-14", "d-15"]])
    }

    @Test("the oldest outcomes of a model are dropped by the bytes of their prompts, also those of an older file")
    func outcomes() async throws {
        let folder = NSTemporaryDirectory() + "statezero-outcomes-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/outcomes.sqlite"
        func events(_ numbers: Range<Int>, of model: String, bytes: Int) throws -> [OutcomeStore.Event] {
            try numbers.map { number in
                OutcomeStore.Event(
                    eventID: "\(model) \(number)", model: model,
                    // Two bytes a letter.
                    text: String(repeating: "é", count: bytes / 2 - 1) + "\(number % 10)\(number / 10)",
                    outcome: try #require(Outcome(k: 1, n: 2)))
            }
        }
        do {
            let store = try OutcomeStore(path: path)
            #expect(try await store.record(events(0..<10, of: "a", bytes: 100)).allSatisfy { $0 })
        }
        let store = try OutcomeStore(path: path, bytesMax: 500)
        #expect(try await store.record(events(10..<12, of: "a", bytes: 100)) == [true, true])
        #expect(
            try store.newest(of: "a", limit: 100).map { String($0.text.suffix(2)) } == ["70", "80", "90", "01", "11"])
        _ = try await store.record(events(0..<2, of: "b", bytes: 5000))
        #expect(try store.newest(of: "b", limit: 100).count == 1, "the newest one stays, whatever its size")
        #expect(try store.newest(of: "a", limit: 100).count == 5)
        // A repeated event adds nothing.
        #expect(try await store.record(events(11..<12, of: "a", bytes: 100)) == [false])
        #expect(try store.newest(of: "a", limit: 100).count == 5)
    }

    @Test("the oldest decisions are dropped, by number and by bytes")
    func recent() {
        let few = RecentDecisions(countMax: 2, bytesMax: 1000)
        for id in ["a", "b", "c"] { few.keep(id, .init(model: "m", text: id)) }
        #expect(few.find("a") == nil)
        #expect(few.find("c")?.text == "c")
        let small = RecentDecisions(countMax: 100, bytesMax: 10)
        small.keep("long", .init(model: "m", text: "123456789"))
        small.keep("next", .init(model: "m", text: "12"))
        #expect(small.find("long") == nil)
        #expect(small.find("next") != nil)
    }
}
