import JSON
import Testing

@Suite("JSON fields")
struct JSONFieldsTests {
    private enum Letter: String, CaseIterable {
        case x, z
    }

    private struct Failure: JSONFieldFailure {
        let problem: JSONFieldProblem
        init(_ problem: JSONFieldProblem) { self.problem = problem }
    }

    private func fields(_ text: String, at path: String = "") throws -> JSONFields<Failure> {
        try JSONFields<Failure>(try JSONValue(reading: Array(text.utf8)), at: path)
    }

    private func expect(
        _ kind: JSONFieldProblem.Kind, _ member: String?, _ message: String, _ read: () throws -> Void
    ) throws {
        let problem = try #require(throws: Failure.self) { try read() }.problem
        #expect(problem == JSONFieldProblem(kind: kind, member: member, message: message))
    }

    @Test("values of every type are read, and null is the same as absent")
    func values() throws {
        var all = try fields(
            #"{"t":"ab","i":3,"n":0.5,"f":true,"c":"x","a":[1],"ii":[1,2],"nn":[0.5],"z":null}"#)
        #expect(try all.text("t", bytes: 1...2) == "ab")
        #expect(try all.integer("i", in: 0...3) == 3)
        #expect(try all.number("n", in: 0...1) == 0.5)
        #expect(try all.flag("f") == true)
        #expect(try all.choice("c") == Letter.x)
        #expect(try all.array("a", count: 0...1)?.count == 1)
        #expect(try all.integers("ii", count: 0...2, in: 0...2) == [1, 2])
        #expect(try all.numbers("nn", count: 0...2, in: 0...2) == [0.5])
        #expect(try all.text("z", bytes: 1...2) == nil)
        #expect(try all.integer("absent", in: 0...1) == nil)
        try all.finish()
    }

    @Test("an unknown member is an error, the first one in the order of the text")
    func unknown() throws {
        var all = try fields(#"{"b":1,"y":2,"x":3}"#, at: "items[3]")
        _ = try all.integer("b", in: 0...9)
        _ = try all.integer("a", in: 0...9)
        try expect(.unknownKey, "items[3].y", "items[3].y is not known here; known are a, b") { try all.finish() }
    }

    @Test("errors name the member by its path, its value, and what is allowed")
    func errors() throws {
        var all = try fields(#"{"t":"abc","u":1,"i":9,"j":"9","n":2,"c":"y","a":[1,2],"ii":[1,"x"]}"#, at: "p")
        try expect(.outOfRange, "p.t", "p.t has 3 bytes; it must have 1 to 2") { _ = try all.text("t", bytes: 1...2) }
        try expect(.wrongType, "p.u", "p.u: expected a string, found the number 1") {
            _ = try all.text("u", bytes: 1...2)
        }
        try expect(.outOfRange, "p.i", "p.i is the number 9; it must be a whole number from 0 to 3") {
            _ = try all.integer("i", in: 0...3)
        }
        try expect(.wrongType, "p.j", "p.j: expected a whole number, found the string \"9\"") {
            _ = try all.integer("j", in: 0...3)
        }
        try expect(.outOfRange, "p.n", "p.n is the number 2; it must be a number from 0.0 to 1.0") {
            _ = try all.number("n", in: 0...1)
        }
        try expect(.outOfRange, "p.c", "p.c is the string \"y\"; it must be one of \"x\", \"z\"") {
            let _: Letter? = try all.choice("c")
        }
        try expect(.outOfRange, "p.a", "p.a has 2 elements; it must have 0 to 1") {
            _ = try all.array("a", count: 0...1)
        }
        try expect(.wrongType, "p.ii[1]", "p.ii[1]: expected a whole number, found the string \"x\"") {
            _ = try all.integers("ii", count: 0...2, in: 0...9)
        }
        try expect(.missing, "p.q", "p.q is needed, and is missing or null") {
            _ = try all.need("q") { fields throws(Failure) in try fields.flag("q") }
        }
        try expect(.wrongType, nil, "the body: expected a JSON object, found an array of 0") { _ = try fields("[]") }
    }

    @Test("without a range every finite value is read")
    func withoutRanges() throws {
        var all = try fields(#"{"i":-9223372036854775808,"j":1e30,"n":-1e300,"m":1e999,"t":""}"#)
        #expect(try all.integer("i") == .min)
        try expect(.outOfRange, "j", "j is the number 1e30; it must be a whole number") { _ = try all.integer("j") }
        #expect(try all.number("n") == -1e300)
        try expect(.outOfRange, "m", "m is the number 1e999; it must be a number") { _ = try all.number("m") }
        #expect(try all.text("t")?.isEmpty == true)
    }

    @Test("keys that are allowed but never removed are not left over")
    func keyedValues() {
        var values = KeyedValues([(key: "a", value: 1), (key: "b", value: 2), (key: "c", value: 3)])
        #expect(values.remove("b") == 2)
        #expect(values.remove("b") == nil)
        values.allow(["a"])
        #expect(values.firstUnknown?.key == "c")
        #expect(values.knownList == "a, b")
    }
}
