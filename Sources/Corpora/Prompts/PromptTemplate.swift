/// A template of prompts: text with the names of members in braces, as `Passage: {body}\nQuestion: {question}`.
///
/// `{{` and `}}` are braces; `\n`, `\t` and `\\` are a line end, a tab and a backslash. A name may lead into nested
/// objects by dots.
public struct PromptTemplate: Hashable, Sendable {
    enum Piece: Hashable, Sendable {
        case text(String)
        case member(String)
    }

    /// The text that it was made from.
    public let source: String
    let pieces: [Piece]

    /// `nil` for a text whose braces do not match, or without a name.
    public init?(_ source: String) {
        self.source = source
        var pieces: [Piece] = []
        var text = ""
        var rest = source[...]
        while let character = rest.popFirst() {
            switch character {
            case "\\":
                switch rest.first {
                case "n": text += "\n"
                case "t": text += "\t"
                case "\\": text += "\\"
                default:
                    text += "\\"
                    continue
                }
                rest.removeFirst()
            case "{", "}":
                if rest.first == character {
                    rest.removeFirst()
                    text.append(character)
                    continue
                }
                guard character == "{", let end = rest.firstIndex(of: "}") else { return nil }
                let name = String(rest[..<end])
                guard !name.isEmpty, !name.contains("{") else { return nil }
                rest = rest[rest.index(after: end)...]
                if !text.isEmpty { pieces.append(.text(text)) }
                text = ""
                pieces.append(.member(name))
            default: text.append(character)
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        guard pieces.contains(where: { if case .member = $0 { true } else { false } }) else { return nil }
        self.pieces = pieces
    }
}
