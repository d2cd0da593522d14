import JSON

/// Messages in a text that a chat template has made and a tokenizer has decoded without special tokens, as in verl's
/// rollout dumps: `system\n…\nuser\n…\nassistant\n`.
enum TemplateText {
    /// The messages of such a text, so that it is the same prompt as in the corpus; any other text as it is.
    static func messages(in text: String) -> JSONValue {
        let ending = "\nassistant\n"
        guard text.hasPrefix("user\n") || text.hasPrefix("system\n"), text.hasSuffix(ending) else {
            return .string(text)
        }
        var rest = text.dropLast(ending.count)
        var messages: [JSONValue] = []
        if rest.hasPrefix("system\n") {
            guard let user = rest.firstRange(of: "\nuser\n") else { return .string(text) }
            messages.append(message("system", rest[rest.index(rest.startIndex, offsetBy: 7)..<user.lowerBound]))
            rest = rest[rest.index(after: user.lowerBound)...]
        }
        rest = rest.dropFirst("user\n".count)
        // Several turns and a text with these words look the same.
        guard rest.firstRange(of: "\nassistant\n") == nil else { return .string(text) }
        return .array(messages + [message("user", rest)])
    }

    private static func message(_ role: String, _ content: some StringProtocol) -> JSONValue {
        .object(
            JSONObject([
                .init(name: "role", value: .string(role)), .init(name: "content", value: .string(String(content))),
            ]))
    }
}
