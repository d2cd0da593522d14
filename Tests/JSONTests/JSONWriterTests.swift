import JSON
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("only quotes, backslashes and control characters are escaped")
    func strings() {
        #expect(text { $0.string("a\"\\\n\t\r\u{1}\u{1F}/é😀") } == #""a\"\\\n\t\r\u0001\u001f/é😀""#)
    }

    @Test("numbers are the shortest decimals that read back, and null if they are not finite")
    func numbers() {
        #expect(text { $0.number(Float(0.1)) } == "0.1")
        #expect(text { $0.number(0.1) } == "0.1")
        #expect(text { $0.number(-7) } == "-7")
        #expect(text { $0.number(Float.infinity) } == "null")
        #expect(text { $0.number(Double.nan) } == "null")
    }

    @Test("members, arrays and objects have their commas, and the reader reads them back")
    func members() throws {
        let bytes = JSONWriter.object { json in
            json.member("a", 1)
            json.member("b", String?.none)
            json.member("c", ["x", "y"])
            json.object("d") { $0.member("e", true) }
            json.null("f")
            json.array("g", [1.5, 2]) { $0.number($1) }
        }
        let text = #"{"a":1,"b":null,"c":["x","y"],"d":{"e":true},"f":null,"g":[1.5,2.0]}"#
        #expect(String(decoding: bytes, as: UTF8.self) == text)
        #expect(try JSONValue(reading: bytes).object?.names == ["a", "b", "c", "d", "f", "g"])
    }

    @Test("every string survives writing and reading")
    func roundTrip() throws {
        let strings = ["", "\u{0}", "\u{7F}\u{80}", "\"", "\\", "\r\n", "e\u{301}\u{E9}", "\u{10FFFF}", "</script>"]
        for string in strings {
            var writer = JSONWriter()
            writer.string(string)
            let read = try #require(try JSONValue(reading: writer.bytes).string)
            #expect(Array(read.utf8) == Array(string.utf8))
        }
    }
}
