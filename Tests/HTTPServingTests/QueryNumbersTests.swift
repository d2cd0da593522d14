import HTTPServing
import Testing

@Suite("The numbers of a query")
struct QueryNumbersTests {
    @Test("numbers are read by key, percent-encoding undone; no query is none")
    func read() throws {
        #expect(try QueryNumbers.read("a=1&b=%32", ["a": 0...9, "b": 0...9]) == ["a": 1, "b": 2])
        #expect(try QueryNumbers.read(nil, [:]) == [:])
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("c=1", QueryNumbers.Fault.unknownKey("c", known: ["a"])), ("a=1&a=2", .duplicate("a")),
            ("a=x", .notWhole("a", found: "x")), ("a", .notWhole("a", found: "")),
            ("a=10", .outOfRange("a", found: 10, range: 0...9)),
        ])
    func refused(query: String, fault: QueryNumbers.Fault) {
        #expect(throws: fault) { try QueryNumbers.read(query, ["a": 0...9]) }
    }
}
