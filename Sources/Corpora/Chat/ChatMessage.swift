import JSON
import Scoring

/// One chat message as role and text.
///
/// Read are `role` and `content` (OpenAI and most others), `from` and `value` (ShareGPT), `role` and `parts` (Gemini), and
/// the items `function_call` and `function_call_output` (OpenAI's Responses API).
struct ChatMessage {
    static let assistant = "assistant"

    let role: String
    let content: String

    /// `place` names the message in errors.
    init(_ message: JSONValue, at place: () -> String) throws(RowProblem) {
        if message.member("role") == nil, let item = Self.item(message) {
            self = item
            return
        }
        if let role = message.member("role")?.string {
            self.role = role
        } else if let speaker = message.member("from")?.string {
            role = Self.roles[speaker] ?? speaker
        } else {
            throw RowProblem(
                code: .badType, message: "\(place()) is \(message.kind) without a role; expected {role, content}")
        }
        let value = ["content", "value", "parts"].lazy.compactMap { message.member($0) }.first { $0 != .null }
        var lines = try Self.text(of: value ?? .null, at: place)
        for call in Self.calls(of: message) {
            if !lines.isEmpty { lines += "\n" }
            lines += Self.line(of: call)
        }
        content = lines
    }

    /// A turn of the user without a role: a text, or an object with one as its `content`. `nil` for anything else.
    init?(turn: JSONValue) {
        let content = turn.object.flatMap { $0["role"] == nil && $0["from"] == nil ? $0["content"]?.string : nil }
        guard let text = turn.string ?? content else { return nil }
        self.init(role: "user", content: text)
    }

    private init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    /// Names of ShareGPT files.
    private static let roles = [
        "human": "user", "gpt": assistant, "chatgpt": assistant, "bing": assistant, "bard": assistant,
        "model": assistant, "user": "user", "assistant": assistant, "system": "system",
    ]

    /// Whether a value has the form of a message.
    static func isMessage(_ value: JSONValue) -> Bool {
        guard let object = value.object else { return false }
        return (object["role"] ?? object["from"]) != nil
            && ["content", "value", "parts", "tool_calls", "function_call"].contains { object[$0] != nil }
    }

    private static func item(_ message: JSONValue) -> ChatMessage? {
        switch message.member("type")?.string {
        case "function_call": ChatMessage(role: assistant, content: line(of: message))
        case "function_call_output":
            ChatMessage(role: "tool", content: message.member("output").map { $0.string ?? $0.text } ?? "")
        default: nil
        }
    }

    private static func calls(of message: JSONValue) -> [JSONValue] {
        let calls = message.member("tool_calls")?.elements ?? []
        guard let former = message.member("function_call"), former != .null else { return calls }
        return calls + [former]
    }

    /// `name(arguments)`; arguments that are text are used unchanged, others as compact JSON.
    private static func line(of call: JSONValue) -> String {
        let function = call.member("function") ?? call
        let name = function.member("name")?.string ?? ""
        let arguments = ["arguments", "input", "args"].lazy.compactMap { function.member($0) }.first
        return "\(name)(\(arguments.map { $0.string ?? $0.text } ?? ""))"
    }

    private static func text(of content: JSONValue, at place: () -> String) throws(RowProblem) -> String {
        switch content {
        case .null: return ""
        case .string(let text): return text
        case .array(let parts):
            var texts: [String] = []
            for part in parts { texts.append(try text(ofPart: part, at: place)) }
            return texts.joined(separator: "\n")
        default:
            throw RowProblem(
                code: .badType,
                message: "the content of \(place()) is \(content.kind); expected text or a list of text parts")
        }
    }

    private static func text(ofPart part: JSONValue, at place: () -> String) throws(RowProblem) -> String {
        if let text = part.string ?? part.member("text")?.string ?? part.member("value")?.string {
            return text
        }
        switch part.member("type")?.string {
        case "tool_use": return line(of: part)
        case "tool_result":
            if let content = part.member("content") { return try text(of: content, at: place) }
        default: break
        }
        throw RowProblem(
            code: .badType, message: "\(place()) has a part that is \(part.kind); only text parts can be scored")
    }
}
