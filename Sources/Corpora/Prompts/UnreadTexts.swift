import JSON

/// Members of a row that have text a prompt may lack.
enum UnreadTexts {
    /// Parts of names that mean an answer.
    private static let answers = [
        "answer", "solution", "response", "completion", "output", "target", "label", "explanation", "rationale",
        "reason", "generation", "prediction", "score", "reward", "hash", "url", "path",
    ]
    /// Members that are part of what a model reads even where they are no texts.
    private static let tools: Set<String> = [
        "tools", "functions", "function", "images", "image", "history", "instances",
    ]
    private static let known: Set<String> = Set(
        PromptNames.contexts + PromptNames.choices + PromptNames.prompts + PromptNames.systems)

    /// All members of a row; none if it is no JSON object.
    static func members(of content: SourceRow.Content) -> [JSONObject.Member] {
        switch content {
        case .members(let object): return object.members
        case .json(let bytes):
            var reader = JSONReader(utf8: bytes)
            return ((try? reader.tolerantDocument()) ?? .null).object?.members ?? []
        case .blank, .rejected: return []
        }
    }

    /// Names of the members that have some words, at most five: one of them may be the prompt.
    static func candidates(in content: SourceRow.Content) -> [String] {
        let named = members(of: content).filter { member in
            guard !PromptNames.beside.contains(member.name.lowercased()) else { return false }
            let text = member.value.string ?? member.value.text
            return text.utf8.count >= 16 && hasWords(text)
        }
        return named.prefix(5).map(\.name)
    }

    /// The text of a member that may be missing in the prompt; `nil` for labels, ids, answers and empty ones. `isInput` says
    /// that the prompt is the row's input alone: then code beside it is not the answer.
    static func text(of member: JSONObject.Member, isInput: Bool = false) -> String? {
        let name = member.name.lowercased()
        if isInput, PromptNames.besideInputs.contains(name) {
            return member.value.string.flatMap { $0.isBlank ? nil : $0 }
        }
        if tools.contains(name) {
            let isEmpty = member.value == .null || member.value.elements?.isEmpty ?? false
            return isEmpty ? nil : member.value.text
        }
        guard !PromptNames.beside.contains(name), !answers.contains(where: { name.contains($0) }) else { return nil }
        let isKnown = known.contains(name)
        if let text = member.value.string {
            guard !text.isBlank else { return nil }
            // Some words: a label or an id has fewer.
            return isKnown || text.utf8.count >= 16 && hasWords(text) ? text : nil
        }
        guard isKnown else { return nil }
        switch member.value {
        case .array(let elements): return elements.isEmpty ? nil : ChoiceText.lines(member.value) ?? member.value.text
        case .object(let object):
            return object.members.isEmpty ? nil : ChoiceText.lines(member.value) ?? member.value.text
        default: return nil
        }
    }

    /// Whether there are two words of letters; lists of numbers have none.
    private static func hasWords(_ text: String) -> Bool {
        var words = 0
        for word in text.split(whereSeparator: \.isWhitespace) where word.contains(where: \.isLetter) {
            words += 1
            if words == 2 { return true }
        }
        return false
    }
}
