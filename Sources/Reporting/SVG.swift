/// Builds an SVG 1.1 drawing, element by element. Coordinates are pixels from the top left.
///
/// Attributes keep the order in which they are given, so the same drawing always has the same bytes.
public struct SVG: Sendable {
    private let attributes: String
    private var elements: [String] = []

    /// An empty drawing. `attributes` are those of the root element, without the namespace.
    public init(_ attributes: KeyValuePairs<String, String>) {
        self.attributes = Self.text(of: attributes.map { ($0.key, $0.value) })
    }

    /// Adds an element.
    ///
    /// - Parameter text: The element's text; `nil` makes an empty element.
    public mutating func add(_ name: String, _ attributes: KeyValuePairs<String, String>, text: String? = nil) {
        add(name, attributes.map { ($0.key, $0.value) }, text: text)
    }

    /// Adds an element whose attributes are put together at run time.
    public mutating func add(_ name: String, _ attributes: [(String, String)], text: String? = nil) {
        let start = "<\(name)\(Self.text(of: attributes))"
        elements.append(text.map { "\(start)>\(Self.escaped($0))</\(name)>" } ?? "\(start)/>")
    }

    /// The document, with a line break at the end.
    public var document: String {
        let lines = ["<svg xmlns=\"http://www.w3.org/2000/svg\"\(attributes)>"] + elements + ["</svg>"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(of attributes: [(String, String)]) -> String {
        attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    }

    /// Text with its markup characters replaced. Names come from files, so nothing in them may end an element.
    public static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            // XML 1.0 does not allow other control characters.
            case _ where character.value < 0x20: escaped += " "
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
