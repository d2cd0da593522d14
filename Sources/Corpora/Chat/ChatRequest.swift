import JSON
import Scoring

/// The parts of a request to an OpenAI-compatible server that routing needs. Its messages become one text in the same
/// way as those of files, so that the same prompt has the same digest and features.
public struct ChatRequest: Sendable {
    /// The name of the model in the request; `nil` if it has none.
    public let model: String?
    /// The text of the prompt; `nil` if `messages` have anything but text.
    public let text: String?
    /// The reason why there is no text.
    public let problem: String?
    /// True if the client wants a streamed answer.
    public let isStreaming: Bool
    /// The most tokens that the answer may have, if the request limits them.
    public let outputTokensMax: Int?
    /// What the request needs of a model beside text.
    public let needs: Set<ChatNeed>
    /// Estimated tokens of the whole prompt: all texts, definitions of tools, and images. At least those of `text`.
    public let inputTokens: Int
    /// β for this decision, for `/v1/route` only.
    public let beta: Double?
    /// The least p for this decision, for `/v1/route` only.
    public let target: Double?
    /// The bytes of the model's name in the body, including its quotes.
    private let modelRange: Range<Int>?
    private let body: [UInt8]

    /// An error of a body.
    public struct Problem: Error, Hashable, Sendable {
        /// For programs.
        public let code: String
        /// For people.
        public let message: String
    }

    /// Reads a body. Throws if it is not a request; a prompt without text is not an error here (`problem`).
    public init(_ body: [UInt8]) throws(Problem) {
        let keys = [
            "model", "messages", "prompt", "stream", "max_tokens", "max_completion_tokens", "beta", "target_p",
        ].map { Array($0.utf8) }
        let values: [JSONValue?]
        do throws(JSONError) {
            try JSONReader.checkUTF8(body)
            var reader = JSONReader(utf8: body)
            values = try reader.object(selecting: keys)
            var second = JSONReader(utf8: body)
            modelRange = try second.range(ofMember: keys[0])
        } catch {
            throw Problem(error)
        }
        self.body = body
        switch values[0] {
        case .string(let name)?: model = name
        case nil, .null?: model = nil
        case let value?: throw Problem(code: "bad_type", message: "\"model\" is \(value.kind); expected a string")
        }
        if model != nil, modelRange == nil {
            throw Problem(code: "bad_json", message: "write the key \"model\" without escapes")
        }
        guard let prompt = values[1] ?? values[2], prompt != .null else {
            throw Problem(code: "missing_prompt", message: "no messages and no prompt")
        }
        var content = ChatContent(prompt)
        try content.addOptions(of: body)
        needs = content.needs
        do throws(RowProblem) {
            text = try PromptText.of(prompt, key: values[1] != nil ? "messages" : "prompt")
            problem = nil
        } catch {
            text = nil
            problem = error.message
        }
        inputTokens = max(content.tokens, text.map { TokenEstimate.tokens(of: $0) } ?? 0)
        if case .bool(true)? = values[3] { isStreaming = true } else { isStreaming = false }
        outputTokensMax = (values[5] ?? values[4])?.integer.flatMap { $0 >= 0 ? $0 : nil }
        beta = try Self.share(values[6], "beta")
        target = try Self.share(values[7], "target_p")
    }

    /// The body with another model's name; every other byte is unchanged.
    public func body(naming name: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(name)
        if let modelRange { return body[..<modelRange.lowerBound] + writer.bytes + body[modelRange.upperBound...] }
        // Without a name it becomes the first member. The body is an object, and has at least the prompt.
        guard let brace = body.firstIndex(of: UInt8(ascii: "{")) else { return body }
        return body[...brace] + Array("\"model\":".utf8) + writer.bytes + [UInt8(ascii: ",")] + body[(brace + 1)...]
    }

    private static func share(_ value: JSONValue?, _ key: String) throws(Problem) -> Double? {
        guard let value, value != .null else { return nil }
        guard let number = value.double, number >= 0, number <= 1 else {
            throw Problem(code: "bad_type", message: "\"\(key)\" is \(value.kind); expected a number in [0, 1]")
        }
        return number
    }
}

extension ChatRequest.Problem {
    /// A body that is not one JSON object in UTF-8. The codes are those of rows.
    init(_ error: JSONError) {
        let problem = RowProblem(error)
        self.init(code: problem.code.rawValue, message: "the body is \(error)")
    }
}
