import JSON
import Scoring

/// Makes the text of a prompt from its JSON value. The model reads this text, and digests are computed from it.
///
/// A string is used unchanged. Of chat messages, a single one from the user gives its content alone; otherwise each
/// message is a block `role: content`, with a blank line between blocks. The parts of a content are joined by line
/// breaks; a content of null (a message with tool calls only) is empty. Nothing is trimmed.
enum PromptText {
    static func of(_ value: JSONValue, key: String) throws(RowProblem) -> String {
        let text: String
        switch value {
        case .string(let string): text = string
        case .array(let messages): text = try flatten(messages, key: key)
        default:
            throw RowProblem(
                code: .badType,
                message: "\"\(key)\" is \(value.kind); a prompt is a string or an array of {role, content};"
                    + " name its key with --prompt-key")
        }
        guard !isBlank(text) else { throw empty(key) }
        return text
    }

    private static func flatten(_ messages: [JSONValue], key: String) throws(RowProblem) -> String {
        var blocks: [(role: String, content: String)] = []
        for (index, message) in messages.enumerated() {
            guard case .string(let role)? = message.member(at: ["role"]) else {
                throw RowProblem(
                    code: .badType,
                    message:
                        "message \(index) of \"\(key)\" is \(message.kind) without a role; expected {role, content}")
            }
            let content = message.member(at: ["content"]) ?? .null
            blocks.append((role, try text(of: content, at: "message \(index) of \"\(key)\"")))
        }
        guard !blocks.allSatisfy({ isBlank($0.content) }) else { throw empty(key) }
        if blocks.count == 1, blocks[0].role == "user" { return blocks[0].content }
        return blocks.map { "\($0.role): \($0.content)" }.joined(separator: "\n\n")
    }

    private static func text(of content: JSONValue, at place: String) throws(RowProblem) -> String {
        switch content {
        case .null: return ""
        case .string(let text): return text
        case .array(let parts):
            var texts: [String] = []
            for part in parts {
                switch (part, part.member(at: ["text"])) {
                case (.string(let text), _), (_, .string(let text)?): texts.append(text)
                default:
                    throw RowProblem(
                        code: .badType,
                        message: "\(place) has a part that is \(part.kind); only text parts can be scored")
                }
            }
            return texts.joined(separator: "\n")
        default:
            throw RowProblem(
                code: .badType,
                message: "the content of \(place) is \(content.kind); expected text or a list of text parts")
        }
    }

    private static func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
    }

    private static func empty(_ key: String) -> RowProblem {
        RowProblem(code: .emptyPrompt, message: "the prompt under \"\(key)\" is empty; fill or remove the row")
    }
}
