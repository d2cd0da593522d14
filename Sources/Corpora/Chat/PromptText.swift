import JSON
import Scoring

/// Makes the text of a prompt from its JSON value. The model reads this text, and digests are computed from it.
///
/// A string is used unchanged; a string that is the JSON of chat messages is read as messages. Of chat messages, a
/// single one from the user gives its content alone; otherwise each message is a block `role: content`, with a blank
/// line between blocks. Texts in place of messages are turns of the user, and lists of messages follow each other: of both,
/// as benchmarks with several turns have them, all turns are one prompt. The parts of a content are joined by line breaks, and each tool call is a line
/// `name(arguments)` after the content; a content of null is empty. Nothing is trimmed.
enum PromptText {
    /// A text, and what is particular in its messages.
    struct Reading {
        let text: String
        /// The last block is an answer.
        let endsWithAssistant: Bool
        /// Turns of the user follow each other, without an answer between them.
        var hasOpenTurns = false
    }

    /// Keys whose texts in a list are turns of the user; elsewhere a list of texts is refused.
    private static let turnKeys: Set<String> = ["turns", "Turns"]

    static func of(_ value: JSONValue, key: String) throws(RowProblem) -> String {
        try read(value, key: key).text
    }

    /// `dropsAnswer` leaves out the turns of the assistant at the end.
    static func read(
        _ value: JSONValue, key: String, dropsAnswer: Bool = false
    ) throws(RowProblem) -> Reading {
        let reading: Reading
        switch value {
        case .string(let string):
            if let messages = try MessageText.messages(in: string, key: key) {
                return try read(.array(messages), key: key, dropsAnswer: dropsAnswer)
            }
            reading = Reading(text: string, endsWithAssistant: false)
        case .array(let messages): reading = try flatten(messages, key: key, dropsAnswer: dropsAnswer)
        default:
            throw RowProblem(
                code: .badType,
                message: "\"\(key)\" is \(value.kind); a prompt is a string or an array of {role, content};"
                    + " name its key with --prompt-key")
        }
        guard !reading.text.isBlank else { throw empty(key) }
        return reading
    }

    private static func flatten(
        _ messages: [JSONValue], key: String, dropsAnswer: Bool
    ) throws(RowProblem) -> Reading {
        var blocks: [ChatMessage] = []
        for (index, message) in flat(messages).enumerated() {
            if turnKeys.contains(key), let turn = ChatMessage(turn: message) {
                blocks.append(turn)
                continue
            }
            blocks.append(try ChatMessage(message, at: { "message \(index) of \"\(key)\"" }))
        }
        if dropsAnswer { while blocks.last?.role == ChatMessage.assistant { blocks.removeLast() } }
        guard !blocks.allSatisfy(\.content.isBlank) else { throw empty(key) }
        let isAnswer = blocks.last?.role == ChatMessage.assistant
        if blocks.count == 1, blocks[0].role == "user" {
            return Reading(text: blocks[0].content, endsWithAssistant: false)
        }
        let text = blocks.map { "\($0.role): \($0.content)" }.joined(separator: "\n\n")
        let isOpen = zip(blocks, blocks.dropFirst()).contains { $0.role == "user" && $1.role == "user" }
        return Reading(text: text, endsWithAssistant: isAnswer, hasOpenTurns: isOpen)
    }

    /// The messages of lists of messages.
    private static func flat(_ messages: [JSONValue]) -> [JSONValue] {
        let lists = messages.compactMap(\.elements)
        guard lists.count == messages.count, lists.allSatisfy({ $0.allSatisfy(ChatMessage.isMessage) }) else {
            return messages
        }
        return lists.flatMap { $0 }
    }

    static func empty(_ key: String) -> RowProblem {
        RowProblem(code: .emptyPrompt, message: "the prompt under \"\(key)\" is empty; fill or remove the row")
    }
}

extension String {
    /// Whether there is nothing but white space.
    var isBlank: Bool {
        // Most texts begin with a letter or a sign of ASCII.
        if let first = utf8.first, 0x21...0x7E ~= first { return false }
        return unicodeScalars.allSatisfy(\.properties.isWhitespace)
    }
}
