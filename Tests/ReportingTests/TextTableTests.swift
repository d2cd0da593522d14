import Reporting
import Testing

@Suite("Text tables")
struct TextTableTests {
    private let header = ["name", "n", "value"]
    private let rows = [["a", "1", "0.50"], ["longer", "12", TextTable.missing], ["mean", "13", "0.50"]]

    @Test("the first column is aligned left and the others right, two spaces apart, with a rule under the header")
    func headerRule() {
        #expect(
            TextTable(header: header, rows: rows).description == """
                name     n  value
                -----------------
                a        1   0.50
                longer  12      –
                mean    13   0.50
                """)
    }

    @Test("a summary has a rule above it")
    func summary() {
        let lines = TextTable(header: header, rows: rows, rules: .headerAndSummary).description
            .split(separator: "\n")
        #expect(lines.count == 6 && lines[1] == lines[4] && lines[5].hasPrefix("mean"))
    }

    @Test("without rules there are only the header and the rows, and more columns can be aligned left")
    func plain() {
        #expect(
            TextTable(header: ["a", "bb", "c"], rows: [["1", "2", "300"]], leading: 2, rules: .none).description == """
                a  bb    c
                1  2   300
                """)
    }

    @Test("a table without rows is its header")
    func empty() {
        #expect(TextTable(header: ["a", "b"], rows: []).description == "a  b\n----")
    }
}
