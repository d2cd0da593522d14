import Reporting
import Testing

@Suite("SVG")
struct SVGTests {
    @Test("markup in a text is escaped")
    func escapes() {
        #expect(SVG.escaped("a<b & \"c\"\u{1}") == "a&lt;b &amp; &quot;c&quot; ")
    }

    @Test("a document has its elements and attributes in the order in which they were added")
    func document() {
        var drawing = SVG(["width": "20", "height": "10"])
        drawing.add("rect", ["width": "20", "height": "10", "fill": "white"])
        drawing.add("text", ["x": "3", "y": "4"], text: "1 < 2")
        #expect(
            drawing.document == """
                <svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">
                <rect width="20" height="10" fill="white"/>
                <text x="3" y="4">1 &lt; 2</text>
                </svg>

                """)
    }
}
