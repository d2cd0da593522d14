import Foundation
import Planning
import Scoring
import Testing

import Replaying

@Suite("Replay study")
struct ReplayStudyTests {
    /// Successes of 8 that stay the same from version to version.
    static let k = [0, 0, 1, 8, 2, 0, 8, 4, 1, 0]

    static func steady() throws -> ReplayLog {
        try SampleLogs.run(prompts: 80, versions: [1, 2, 3, 4, 5, 6]) { _, prompt in k[prompt % 10] }
    }

    @Test("each distinct text is embedded once over logs, seeds and versions, and a context never contains a query")
    func once() throws {
        let model = NumberModel { Float($0 % 10) / 10 }
        let log = try Self.steady()
        _ = try ReplayStudy(model: model, options: SampleLogs.options { $0.chunkTexts = 7 }).run([log, log])
        #expect(model.embedded.count == 80 && Set(model.embedded).count == 80)
        // Two logs, two seeds, versions 2 to 5, two halves.
        #expect(model.calls.count == 2 * 2 * 4 * 2)
        for call in model.calls {
            let known = Set(call.context.map(\.text))
            #expect(call.queries.allSatisfy { !known.contains("t\($0)") })
        }
    }

    @Test("equal beliefs about all prompts give the uniform plan")
    func constant() throws {
        let report = try ReplayStudy(model: NumberModel { _ in 0.5 }, options: SampleLogs.options()).run([
            try Self.steady()
        ])
        for part in report.sources[0].parts {
            let uniform = try #require(part.line(.uniform, .none))
            let ours = try #require(part.line(.ours, .model))
            #expect(ours.spent == uniform.spent && ours.utility == uniform.utility)
            #expect(ours.gainOverBlind != nil && uniform.gainOverBlind == nil)
            #expect(ours.gain?.value == 0 && ours.gain?.error == 0 && ours.share?.value == 0)
        }
    }

    @Test("with own records of a constant policy plans have most of the oracle's gain, whatever the model predicts")
    func records() throws {
        let log = try SampleLogs.run(prompts: 80, versions: Array(1...9)) { _, prompt in Self.k[prompt % 10] }
        let options = SampleLogs.options { $0.pooledVisits = 3 }
        let report = try ReplayStudy(model: NumberModel { _ in 0.5 }, options: options).run([log])
        let part = try #require(report.sources[0].parts.first { $0.stratum.visit == 3 })
        let share = try #require(part.line(.ours, .record)?.share?.value)
        print("share of the oracle's gain with own records, third visit on: \(share)")
        #expect(report.sources[0].truth == .urn && share > 0.6)
        #expect(report.verdicts.contains { $0.claim == .oracleShare && $0.isShown })
    }

    @Test(
        "a model that predicts hopeless prompts as hard and all others as solved is below uniform, as the report states"
    )
    func wrong() throws {
        let model = NumberModel { Self.k[$0 % 10] == 0 ? 0.1 : 0.95 }
        let options = SampleLogs.options { ($0.pooledVisits, $0.truth) = (0, .urn) }
        let report = try ReplayStudy(model: model, options: options).run([try Self.steady()])
        let part = try #require(report.sources[0].parts.first)
        let alone = try #require(part.line(.ours, .model))
        #expect((alone.gain?.value ?? 0) < -0.1 && alone.isBelowUniform)
        let claims = report.verdicts.filter { $0.claim == .notBelowUniform }
        #expect(!claims.isEmpty && claims.allSatisfy { !$0.isShown })
    }

    @Test("plans spend their total, the filter pays for discarded groups, and all strategies see the same outcomes")
    func counts() throws {
        let model = NumberModel { Float(Self.k[$0 % 10] + 1) / 10 }
        let report = try ReplayStudy(model: model, options: SampleLogs.options()).run([try Self.steady()])
        let source = report.sources[0]
        #expect(source.visits == 80 * 4 && source.policies == 1 && source.truthRollouts == [16, 16])
        let part = try #require(source.parts.first { $0.stratum.visit == nil })
        for line in part.lines where line.policy != .dapoFilter {
            #expect(line.spent == 8 * 320 && line.groups == 320)
            #expect(line.signalGroups + line.silentGroups == line.groups)
        }
        let filter = try #require(part.line(.dapoFilter, .none))
        #expect(filter.spent > 8 * 320 && filter.spent == 8 * filter.groups && filter.share == nil)
        #expect(filter.signalGroups <= 320)
        // Texts of two letters at four bytes per token: one token per rollout.
        #expect(part.line(.uniform, .none)?.promptTokens == 2560.0)
        #expect(part.lines.allSatisfy { $0.responseTokens == nil && $0.cost == nil })
        let again = try ReplayStudy(model: model, options: SampleLogs.options()).run([try Self.steady()])
        #expect(try JSONEncoder.sorted.encode(again) == JSONEncoder.sorted.encode(report))
    }

    @Test("response tokens and cost are summed if every row has them, and are absent if one row has not")
    func expenses() throws {
        let bare = try Self.steady()
        func log(_ tokens: (Int) -> Double?) throws -> ReplayLog {
            try ReplayLog(
                name: "costs", prompts: bare.prompts,
                rows: bare.rows.map {
                    .init(
                        policy: $0.policy, prompt: $0.prompt, outcome: $0.outcome,
                        responseTokens: tokens($0.prompt), cost: 0.5)
                })
        }
        let study = try ReplayStudy(model: NumberModel { _ in 0.5 }, options: SampleLogs.options())
        let part = try #require(try study.run([try log { _ in 100 }]).sources[0].parts.first)
        #expect(part.line(.uniform, .none)?.responseTokens == 256_000.0)
        #expect(part.line(.oracle, .truth)?.cost == 1280.0)
        let holed = try #require(try study.run([try log { $0 == 7 ? nil : 100 }]).sources[0].parts.first)
        #expect(holed.line(.uniform, .none)?.responseTokens == nil && holed.line(.uniform, .none)?.cost != nil)
    }

    @Test("the order of a log's rows does not matter")
    func order() throws {
        let log = try Self.steady()
        let turned = try ReplayLog(name: log.name, prompts: log.prompts, rows: log.rows.reversed())
        let study = try ReplayStudy(model: NumberModel { Float($0 % 7) / 7 }, options: SampleLogs.options())
        let reports = try [log, turned].map { try JSONEncoder.sorted.encode(try study.run([$0])) }
        #expect(reports[0] == reports[1])
    }

    @Test("held-out prompts have their own parts, and a model's error names the source")
    func heldOut() throws {
        let plain = try Self.steady()
        let log = try ReplayLog(
            name: "mixed", prompts: plain.prompts,
            rows: plain.rows.map {
                let role: ReplayLog.Role? = $0.policy.version ?? 0 < 3 ? nil : $0.prompt < 60 ? .context : .query
                return .init(policy: $0.policy, prompt: $0.prompt, outcome: $0.outcome, role: role)
            })
        let model = NumberModel { _ in 0.4 }
        let study = try ReplayStudy(model: model, options: SampleLogs.options())
        let parts = try study.run([log]).sources[0].parts
        #expect(
            parts.map(\.stratum.name) == [
                "all visits", "second visit", "third visit on", "all visits, held-out prompts",
                "second visit, held-out prompts", "third visit on, held-out prompts",
            ])
        #expect(parts[3].line(.uniform, .none)?.groups == 80.0)
        model.failure = .kernel("no")
        #expect(throws: ReplayError.model(source: "mixed", .kernel("no"))) { try study.run([log]) }
    }

    @Test("table and plot have every source and strategy, and the plot is a well-formed document")
    func faces() throws {
        let log = try SampleLogs.run(prompts: 60, versions: [1, 2, 3, 4, 5]) { _, prompt in Self.k[prompt % 10] }
        let named = try ReplayLog(name: "a<b & c", prompts: log.prompts, rows: log.rows)
        let report = try ReplayStudy(model: NumberModel { Float($0 % 7) / 7 }, options: SampleLogs.options()).run([
            named
        ])
        let table = "\(ReplayTable(report))"
        for name in ["uniform", "DAPO filter", "Knapsack RL", "oracle", "a<b & c", "not logged", "known rates"] {
            #expect(table.contains(name), "\(name)")
        }
        #expect(table.split(separator: "\n").filter { $0.contains("  ") }.allSatisfy { $0.count <= 125 })
        let svg = ReplayPlot(report).svg
        #expect(svg.contains("a&lt;b &amp; c: third visit on") && svg.contains("own records joined"))
        let parser = XMLChecker()
        #expect(parser.elements(of: svg) > 50)
    }
}

extension JSONEncoder {
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}

/// Counts elements and checks that each is closed: `<a …/>`, or `<a …>text</a>` in order.
struct XMLChecker {
    /// Elements of a well-formed document; 0 for any other.
    func elements(of document: String) -> Int {
        var open: [Substring] = []
        var count = 0
        for match in document.matches(of: /<(\/?)([a-z]+)([^<>]*?)(\/?)>/) {
            if !match.1.isEmpty {
                guard open.popLast() == match.2 else { return 0 }
            } else {
                count += 1
                if match.4.isEmpty { open.append(match.2) }
            }
        }
        return open.isEmpty && document.matches(of: /[<>]/).count.isMultiple(of: 2) ? count : 0
    }
}
