import Testing

import Replaying

@Suite("SVG")
struct SVGTests {
    @Test("a name with markup in it stays a name")
    func escapes() {
        #expect(SVG.escaped("a<b & \"c\"\u{1}") == "a&lt;b &amp; &quot;c&quot; ")
    }

    @Test("decimals are rounded, signed and padded")
    func numbers() {
        #expect(decimals(1.005, 1) == "1.0" && decimals(-0.04, 1) == "0.0" && decimals(-2.25, 1) == "-2.3")
        #expect(decimals(3, 2, sign: true) == "+3.00" && decimals(12.049, 2) == "12.05" && decimals(7.6, 0) == "8")
    }
}
