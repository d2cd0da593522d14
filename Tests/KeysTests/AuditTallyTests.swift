import Foundation
import Keys
import Testing

@Suite("Keys: which changes have a line of the audit log")
struct AuditTallyTests {
    private let start = ContinuousClock.now
    private let date = Date(timeIntervalSince1970: 1_000_000)

    private func change(_ key: String = "k", _ what: String = "submitJob", _ number: Int = 0) -> AuditedChange {
        AuditedChange(key: key, tenant: "a", what: what, facts: ["job": "\(number)"])
    }

    private func kind(_ key: String = "k", _ what: String = "submitJob") -> AuditedChange {
        AuditedChange(key: key, tenant: "a", what: what)
    }

    @Test("ten changes of a key and kind have lines; the rest is counted, and one line says so after a minute")
    func counted() {
        var tally = AuditTally()
        var lines: [AuditTally.Line] = []
        for number in 0..<1000 {
            let line = tally.record(
                change("k", "submitJob", number), at: start + .milliseconds(number), date + Double(number) / 1000)
            lines += [line].compactMap(\.self)
        }
        #expect(lines == (0..<AuditTally.linesMax).map { .change(change("k", "submitJob", $0)) })
        #expect(tally.takeDue(at: start + .seconds(59)) == [])
        let last = date + 0.999
        #expect(
            tally.takeDue(at: start + .seconds(60)) == [.count(kind(), 990, first: date + 0.01, last: last)])
        #expect(tally.takeDue(at: start + .seconds(600)) == [], "it is said once")
        #expect(tally.record(change(), at: start + .seconds(61), date) == .change(change()), "a new minute")
    }

    @Test("what is only counted has no line of its own, and none is left out at the end")
    func countedOnly() {
        var tally = AuditTally()
        var rewards = change("r", "rewards")
        rewards.isCountedOnly = true
        for _ in 0..<3 { #expect(tally.record(rewards, at: start, date) == nil) }
        var kind = kind("r", "rewards")
        kind.isCountedOnly = true
        #expect(tally.takeAll() == [.count(kind, 3, first: date, last: date)])
        #expect(tally.takeAll() == [])
    }

    @Test("keys, tenants, kinds and outcomes are counted apart")
    func apart() {
        var tally = AuditTally()
        var other = change()
        other.tenant = nil
        var refused = change()
        refused.outcome = "404 unknown_job"
        for change in [change(), change("l"), change("k", "closeJob"), other, refused] {
            for _ in 0..<AuditTally.linesMax { #expect(tally.record(change, at: start, date) != nil) }
            #expect(tally.record(change, at: start, date) == nil)
        }
        #expect(tally.takeDue(at: start + .seconds(60)).count == 5)
    }
}
