import JSON
import Testing

@Suite("JSON reader")
struct JSONReaderTests {
    private func value(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(reading: Array(text.utf8)) }

    /// What `object(selecting:)` gives for the names `prompt` and `x`.
    private func select(_ text: String) throws(JSONError) -> [JSONValue?] {
        var reader = JSONReader(utf8: Array(text.utf8))
        return try reader.object(selecting: [Array("prompt".utf8), Array("x".utf8)])
    }

    @Test("escapes, surrogate pairs and every plain character are read")
    func strings() throws {
        let text = #"{ "id" : "a\/\"\\\n\t\r\b\f" , "prompt":"\u00e9\ud83d\ude00 ü 漢 \u0000 end" }"#
        let object = try #require(try value(text).object)
        #expect(object["id"]?.string == "a/\"\\\n\t\r\u{8}\u{C}")
        #expect(object["prompt"]?.string == "é😀 ü 漢 \0 end")
        #expect(try select(text) == [.string("é😀 ü 漢 \0 end"), nil])
    }

    @Test("a name that is written with escapes is found")
    func escapedNames() throws {
        #expect(try select(#"{"pr\u006fmpt":"by an escaped name"}"#)[0] == .string("by an escaped name"))
    }

    @Test("numbers keep the digits that the text has")
    func digits() throws {
        let elements = try #require(try value("[1234567890123456789012, -0, 1e999, 8.0, 1E+2, 0.10]").elements)
        let digits = ["1234567890123456789012", "-0", "1e999", "8.0", "1E+2", "0.10"]
        #expect(elements == digits.map { JSONValue.number($0) })
        #expect(elements.map(\.integer) == [nil, 0, nil, 8, 100, nil])
        #expect(elements.map(\.double) == [1.234567890123456789e21, 0, nil, 8, 100, 0.1])
    }

    @Test(
        "text that is not JSON is refused, and the error has the byte at which it stops being JSON",
        arguments: [
            ("", 0), ("{", 1), ("[1,]", 3), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5), (#"{"a":1} x"#, 8), (#"{a:1}"#, 1),
            (#"["\ud800"]"#, 8), (#"["\ud800\u0041"]"#, 14), (#"["\udc00"]"#, 8), (#"["\x"]"#, 3), (#"["\u12g4"]"#, 6),
            (#"["\u12"#, 6), (#"["\"#, 3), ("[01]", 2), ("[-]", 2), ("[1.]", 3), ("[1e]", 3), ("[.5]", 1), ("[+1]", 1),
            ("[nul]", 1), ("[tru", 1), ("\"a\nb\"", 2), ("\"abc", 4), ("[1 2]", 3), ("[}", 1), ("hello", 0),
            ("[1] /* no */", 4), ("{'a':1}", 1), ("[1]]", 3), ("\u{FEFF}1", 0),
        ])
    func refused(text: String, offset: Int) throws {
        let error = try #require(throws: JSONError.self) { try value(text) }
        #expect(error.offset == offset, "\(error)")
        #expect(error.kind == .syntax)
    }

    @Test("NaN and Infinity, as Python writes them, are named", arguments: ["NaN", "Infinity", "-Infinity", "-NaN"])
    func namedNaN(text: String) throws {
        let error = try #require(throws: JSONError.self) { try value("[\(text)]") }
        #expect(error.reason.contains("NaN and Infinity are not JSON"))
    }

    @Test("nesting is limited, so that no text can exhaust the stack")
    func nesting() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try value(nested(JSONReader.depthMax)) != .null)
        #expect(try select(#"{"y":\#(nested(100))}"#) == [nil, nil])
        for text in [nested(JSONReader.depthMax + 1), String(repeating: "[", count: 100_000)] {
            let error = try #require(throws: JSONError.self) { try value(text) }
            #expect(error.offset == JSONReader.depthMax)
            #expect(throws: JSONError.self) { try select(#"{"x":\#(text)}"#) }
            #expect(throws: JSONError.self) { try select(#"{"y":\#(text)}"#) }
        }
        let objects = String(repeating: #"{"a":"#, count: 100_000)
        #expect(throws: JSONError.self) { try value(objects) }
    }

    @Test("a name that appears twice is refused, in small and in large objects")
    func duplicates() throws {
        let names = (0..<40).map { #""n\#($0)":0"# }
        for count in [1, 2, 16, 17, 40] {
            let text = "{" + (names.prefix(count) + [#""n0":1"#]).joined(separator: ",") + "}"
            let error = try #require(throws: JSONError.self) { try value(text) }
            #expect(error.reason == #"the key "n0" appears twice"#)
        }
        #expect(throws: JSONError.self) { try select(#"{"prompt":1,"prompt":2}"#) }
        // A member that is not selected is not compared.
        #expect(try select(#"{"y":1,"y":2}"#) == [nil, nil])
    }

    @Test("where duplicates are kept, the last member counts")
    func keptDuplicates() throws {
        let object = try JSONValue(reading: Array(#"{"a":1,"a":2}"#.utf8), duplicateNames: .kept).object
        #expect(object?.names == ["a", "a"])
        #expect(object?["a"] == .number("2"))
    }

    @Test("names that differ in their bytes only are different names")
    func canonicalEquivalence() throws {
        let object = try #require(try value("{\"\u{E9}\":1,\"e\u{301}\":2,\"\u{212A}\":3}").object)
        #expect(object["\u{E9}"] == .number("1"))
        #expect(object["e\u{301}"] == .number("2"))
        // U+212A, the Kelvin sign, is canonically equivalent to K.
        #expect(object["K"] == nil)
    }

    @Test("bytes that are not UTF-8 are refused with the place of the first one")
    func invalidUTF8() throws {
        let error = try #require(throws: JSONError.self) { try JSONValue(reading: [0x22, 0x61, 0xFF, 0x22]) }
        #expect(error.kind == .invalidUTF8)
        #expect(error.offset == 2)
        #expect("\(error)" == "not UTF-8 from byte 3 on")
    }

    @Test("a value that is not an object and text that is not JSON are different errors")
    func notAnObject() throws {
        let number = try #require(throws: JSONError.self) { try select("12") }
        #expect(number.kind == .notAnObject)
        #expect("\(number)" == "expected a JSON object, found the number 12")
        let broken = try #require(throws: JSONError.self) { try select("12 13") }
        #expect(broken.kind == .syntax)
    }

    @Test("the range of a member's value is that of its bytes at the top level")
    func ranges() throws {
        let text = #"{"y":{"x":1}, "z":"x", "x" : "a\"b" }"#
        var reader = JSONReader(utf8: Array(text.utf8))
        let range = try #require(try reader.range(ofMember: Array("x".utf8)))
        #expect(String(decoding: Array(text.utf8)[range], as: UTF8.self) == #""a\"b""#)
        var second = JSONReader(utf8: Array(text.utf8))
        #expect(try second.range(ofMember: Array("w".utf8)) == nil)
    }

    @Test("an error names byte, line and column, and shows what follows")
    func messages() throws {
        let error = try #require(throws: JSONError.self) { try value("{\n  \"a\": 1,\n  \"b\": oops\n}") }
        #expect((error.line, error.column) == (3, 8))
        #expect("\(error)" == "not JSON at byte 20 (line 3, column 8), before \"oops\n}\": expected a value")
        let end = try #require(throws: JSONError.self) { try value("[1") }
        #expect("\(end)" == "not JSON at byte 3, before the end: expected \",\" or \"]\"")
    }
}
