import JSON
import Testing

/// The members of a row, of many names that it may have.
@Suite("JSONReader.Row")
struct JSONRowTests {
    private static func names(_ names: [String]) -> JSONNames {
        var all = JSONNames()
        for name in names { _ = all.place(of: name) }
        return all
    }

    @Test("members are found by the places of their names, in any order, and absent ones are nil")
    func members() throws {
        let names = Self.names((0..<100).map { "n\($0)" })
        var reader = JSONReader(utf8: Array(#"{"n70":"a","other":[1],"n0":2,"n99":null}"#.utf8))
        let row = try reader.row(selecting: names)
        #expect(row[70]?.value == .string("a") && row[0]?.value == .number("2") && row[99]?.value == .null)
        #expect((0..<100).filter { row.has($0) } == [0, 70, 99])
        #expect((0..<100).filter { row[$0] != nil } == [0, 70, 99])
        #expect((0..<100).allSatisfy { row[$0]?.fault == nil })
    }

    @Test("the second member of a name replaces the first, with a fault, and a third keeps the fault")
    func duplicates() throws {
        let names = Self.names(["a", "b"])
        var reader = JSONReader(utf8: Array(#"{"a":1,"b":2,"a":3,"a":4}"#.utf8))
        let row = try reader.row(selecting: names)
        #expect(row[0]?.value == .number("4") && row[0]?.fault != nil)
        #expect(row[1] == JSONReader.RowMember(value: .number("2")))
    }

    @Test("a set member is there, and setting nil changes nothing")
    func setting() {
        var row = JSONReader.Row(names: 3)
        #expect(!row.has(1) && row[1] == nil)
        row[1] = JSONReader.RowMember(value: .bool(true))
        row[1] = nil
        #expect(row[1]?.value == .bool(true) && row.has(1) && !row.has(0) && !row.has(2))
        row[1] = JSONReader.RowMember(value: .null)
        #expect(row[1]?.value == .null)
    }
}
