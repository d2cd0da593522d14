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
        var row = JSONReader.Row()
        #expect(!row.has(1) && row[1] == nil)
        row[1] = JSONReader.RowMember(value: .bool(true))
        row[1] = nil
        #expect(row[1]?.value == .bool(true) && row.has(1) && !row.has(0) && !row.has(2))
        row[1] = JSONReader.RowMember(value: .null)
        #expect(row[1]?.value == .null)
    }

    @Test("a name is found by all of its bytes, whatever is before and behind it in the text")
    func longNames() throws {
        let all = ["a", "prompt_i", "prompt_id", "prompt_it", "prompt_id_of_it", "\u{e9}tat", "p\0"]
        let names = Self.names(all)
        for (place, name) in all.enumerated() {
            #expect(names.find(name) == place)
            // The name at the end of the text, and with more than eight bytes behind it.
            let escaped = name.replacing("\0", with: "\\u0000")
            for end in ["", #", "other": "0123456789""#] {
                var reader = JSONReader(utf8: Array("{\"\(escaped)\":1\(end)}".utf8))
                let row = try reader.row(selecting: names)
                #expect(all.indices.filter { row.has($0) } == [place])
            }
        }
        #expect(names.find("prompt") == nil && names.find("prompt_ix") == nil && names.find("") == nil)
        #expect(names.find("p") == nil && names.find("prompt_id_of_us") == nil)
    }

    @Test("places that share a bit are not mixed up")
    func sharedBits() {
        var row = JSONReader.Row()
        row.set(3, .number("1"))
        row.set(300, .number("2"))
        #expect(row.has(3) && row.has(300) && !row.has(259) && !row.has(44) && row.value(259) == nil)
        #expect(row.mayHave(any: JSONPlaces([259])) && !row.mayHave(any: JSONPlaces([4, 5])))
        #expect(row.value(300) == .number("2"))
    }

    @Test("a string ends at the first quote, backslash or control character, wherever it is in a word")
    func ends() throws {
        var state: UInt64 = 7
        func drawn() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let pieces = [
            "a", " ", "!", "#", "[", "]", "~", "\u{7f}", "\u{e9}", "\u{20ac}", "\u{1f600}", "\u{a0}", "\u{5c5c}",
        ]
        for length in 0..<40 {
            for _ in 0..<20 {
                let text = (0..<length).map { _ in pieces[drawn() % pieces.count] }.joined()
                #expect(try JSONValue(reading: Array("\"\(text)\"".utf8)) == .string(text))
                let escaped = try JSONValue(reading: Array("\"\(text)\\n\(text)\\\"\(text)\"".utf8))
                #expect(escaped == .string("\(text)\n\(text)\"\(text)"))
                for control in [0x00, 0x09, 0x1F] as [UInt8] {
                    let bytes = Array("\"\(text)".utf8) + [control] + Array("\(text)\"".utf8)
                    let error = #expect(throws: JSONError.self) { try JSONValue(reading: bytes) }
                    #expect(error?.offset == 1 + text.utf8.count)
                }
                #expect(throws: JSONError.self) { try JSONValue(reading: Array("\"\(text)".utf8)) }
            }
        }
    }
}
