import Scoring
import Testing

@Suite("Context set: rows in order, with a digest")
struct ContextSetTests {
    private static func row(_ text: String, _ reward: Double, _ n: Int = 1) throws -> ContextSet.Row {
        ContextSet.Row(text: text, outcome: try #require(Outcome(reward: reward, n: n)))
    }

    @Test("the digest is over length, text, reward and rollouts of every row, as recorded")
    func digest() throws {
        let rows = [try Self.row("Straße", 0.25, 4), try Self.row("b", 1)]
        #expect(
            ContextSet(rows)?.digest.hex == "65a5b0498d355c99c26de51b4e77db04285f8da8bdf5749d9a5fe38431bb6376")
        #expect(ContextSet([])?.digest == Digest(of: ""))
        #expect(ContextSet(rows.reversed())?.digest != ContextSet(rows)?.digest)
    }

    @Test("the base rate is the mean reward of the rows, and one half without rows")
    func baseRate() throws {
        #expect(ContextSet([])?.baseRate == 0.5)
        #expect(ContextSet([try Self.row("a", 1, 8), try Self.row("b", 0)])?.baseRate == 0.5)
        #expect(ContextSet([try Self.row("a", 0.25)])?.baseRate == 0.25)
    }

    @Test("no more than rowsMax rows are a context")
    func rowsMax() throws {
        let row = try Self.row("a", 1)
        #expect(ContextSet(Array(repeating: row, count: ContextSet.rowsMax)) != nil)
        #expect(ContextSet(Array(repeating: row, count: ContextSet.rowsMax + 1)) == nil)
    }
}
