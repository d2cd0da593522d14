import JSON

/// The text of a row's prompt, and what it was made of.
struct ReadPrompt {
    let text: String
    /// The keys that were read, in the order of the text, as `body + question`.
    let keys: KeyNumbers
    let endsWithAssistant: Bool
    /// Turns of the user follow each other.
    let hasOpenTurns: Bool

    /// What was read under one key; `text` is what became of it.
    init(_ reading: PromptText.Reading, text: String? = nil, keys: KeyNumbers) {
        self.init(
            text: text ?? reading.text, keys: keys, endsWithAssistant: reading.endsWithAssistant,
            hasOpenTurns: reading.hasOpenTurns)
    }

    init(text: String, keys: KeyNumbers, endsWithAssistant: Bool, hasOpenTurns: Bool = false) {
        self.text = text
        self.keys = keys
        self.endsWithAssistant = endsWithAssistant
        self.hasOpenTurns = hasOpenTurns
    }
}

/// Up to eight keys of a layout, by number, as one integer: cheap to count for every row.
struct KeyNumbers: Hashable, Sendable {
    private var packed: UInt64 = 0

    mutating func append(_ candidate: RowLayout.Candidate) {
        guard packed >> 56 == 0 else { return }
        packed = packed << 8 | UInt64(truncatingIfNeeded: min(candidate.number, 254) + 1)
    }

    /// The numbers of the keys, in order.
    var numbers: [Int] {
        stride(from: 56, through: 0, by: -8).map { Int(truncatingIfNeeded: packed >> UInt64($0) & 0xFF) }
            .filter { $0 > 0 }.map { $0 - 1 }
    }
}

extension RowFields {
    /// The row's prompt; `nil` if no key has one. A key whose value is empty does not stop the search.
    func prompt() throws(RowProblem) -> ReadPrompt? {
        switch layout.prompt.form {
        case .template(let pieces): return try filled(pieces)
        case .joined(let keys): return try joined(keys)
        case .usual(let keys): return try usual(keys)
        }
    }

    private func usual(_ keys: RowLayout.Candidates) throws(RowProblem) -> ReadPrompt? {
        guard mayHave(keys) else { return nil }
        var emptyKey: String?
        var label: String?
        for place in keys.all.indices where has(keys.all[place].whole, keys.all[place].head) {
            let key = keys.all[place]
            guard let value = try value(of: key) else { continue }
            if key.mayBeLabel, key.key != layout.prompt.named, Self.isLabel(value) {
                label = value.string
                continue
            }
            let reading: PromptText.Reading
            do throws(RowProblem) {
                reading = try PromptText.read(value, key: key.key, dropsAnswer: layout.prompt.dropsAnswer)
            } catch {
                guard error.code == .emptyPrompt else { throw error }
                emptyKey = emptyKey ?? key.key
                continue
            }
            return try complete(reading, key, value)
        }
        if let emptyKey { throw PromptText.empty(emptyKey) }
        if let label {
            throw RowProblem(
                code: .missingPrompt,
                message:
                    "no prompt under \(layout.prompt.names): \"task\" is \"\(clipped(label))\", which seems to be a"
                    + " label; name the key of the prompt with --prompt-key")
        }
        return nil
    }

    /// Words such as `gsm8k` or `Math word problems`; a task for a model is a sentence.
    private static func isLabel(_ value: JSONValue) -> Bool {
        guard let text = value.string else { return false }
        let words = text.split(whereSeparator: \.isWhitespace).count
        let isSentence = text.last.map { ".?!:)]\"'$".contains($0) } ?? false
        return words < 3 || !(isSentence || text.utf8.count >= 60 || text.contains("\n"))
    }

    /// A text with what belongs to it: an instruction's input, the text that a question is about, its choices.
    private func complete(
        _ reading: PromptText.Reading, _ key: RowLayout.Candidate, _ value: JSONValue
    ) throws(RowProblem) -> ReadPrompt {
        var numbers = KeyNumbers()
        var text = reading.text
        let isOpen = value.string != nil && !key.isComplete
        // Messages are complete but for their system's message, which may be beside them.
        guard isOpen || value.elements.map(Self.lacksSystem) ?? false else {
            numbers.append(key)
            return ReadPrompt(reading, keys: numbers)
        }
        let system = try sibling(of: text, among: layout.prompt.systems)
        if let system { numbers.append(system.key) }
        if isOpen, let context = try sibling(of: text, among: layout.prompt.contexts) {
            numbers.append(context.key)
            text = "\(context.text)\n\n\(text)"
        }
        numbers.append(key)
        if isOpen, key.key.lowercased() == "instruction",
            let input = try sibling(of: text, among: layout.prompt.inputs)
        {
            numbers.append(input.key)
            text += "\n\n\(input.text)"
        }
        if isOpen, let choices = try choices(of: text) {
            for key in choices.keys { numbers.append(key) }
            text += "\n\(choices.text)"
        }
        if let system {
            let first = JSONValue.object(
                JSONObject([
                    .init(name: "role", value: .string("system")), .init(name: "content", value: .string(system.text)),
                ]))
            let last = JSONValue.object(
                JSONObject([
                    .init(name: "role", value: .string("user")), .init(name: "content", value: .string(text)),
                ]))
            text = try PromptText.read(
                .array([first] + (value.elements ?? [last])), key: key.key, dropsAnswer: layout.prompt.dropsAnswer
            ).text
        }
        return ReadPrompt(reading, text: text, keys: numbers)
    }

    /// Whether these are messages of which none is the system's.
    private static func lacksSystem(_ messages: [JSONValue]) -> Bool {
        messages.allSatisfy { message in
            ChatMessage.isMessage(message) && (message.member("role") ?? message.member("from"))?.string != "system"
        }
    }

    /// Says that no key has a prompt, and names members that may be one.
    func missingPrompt(in content: SourceRow.Content) -> RowProblem {
        let names = UnreadTexts.candidates(in: content)
        let found = names.isEmpty ? "" : " (the row has text under \(names.joined(separator: ", ")))"
        return RowProblem(
            code: .missingPrompt,
            message:
                "no prompt under \(layout.prompt.names); name its key with --prompt-key, or use --template\(found)")
    }

    /// The first of these members with a text that `text` does not have in it already.
    private func sibling(
        of text: String, among candidates: RowLayout.Candidates
    ) throws(RowProblem) -> (key: RowLayout.Candidate, text: String)? {
        guard mayHave(candidates) else { return nil }
        for candidate in candidates.all {
            guard let value = try value(of: candidate), let found = Self.plainText(value), !found.isBlank else {
                continue
            }
            return text.contains(found) ? nil : (candidate, found)
        }
        return nil
    }

    private func choices(
        of text: String
    ) throws(RowProblem) -> (keys: [RowLayout.Candidate], text: String)? {
        for candidate in layout.prompt.choices.all where mayHave(layout.prompt.choices) {
            guard let value = try value(of: candidate),
                let lines = candidate.key == PromptNames.choicesByScore
                    ? ChoiceText.lines(byScore: value) : ChoiceText.lines(value)
            else { continue }
            return Self.contains(text, lines) ? nil : ([candidate], lines)
        }
        for set in layout.prompt.letters where mayHave(set) {
            var keys: [RowLayout.Candidate] = []
            var lines: [String] = []
            for (index, candidate) in set.all.enumerated() {
                guard let value = try value(of: candidate),
                    let choice = value.string ?? (value.double == nil ? nil : value.text)
                else { break }
                keys.append(candidate)
                lines.append("\(ChoiceText.letter(index)). \(choice)")
            }
            guard keys.count > 1 else { continue }
            let all = lines.joined(separator: "\n")
            return Self.contains(text, all) ? nil : (keys, all)
        }
        return nil
    }

    /// Whether a text has all of these choices already: as they are, or each with its letter or on a line of its own. The bare
    /// words or numbers of a choice may be in any question.
    private static func contains(_ text: String, _ lines: String) -> Bool {
        if text.contains(lines) { return true }
        let ownLines = Set(text.split(separator: "\n").map { ChoiceText.bare($0.trimming(" ")) })
        return lines.split(separator: "\n").enumerated().allSatisfy { index, line in
            let choice = ChoiceText.bare(line)
            let letter = ChoiceText.letter(index)
            return ownLines.contains(choice)
                || ["\(letter). ", "\(letter).", "\(letter)) ", "\(letter))", "\(letter): "].contains {
                    text.contains($0 + choice)
                }
        }
    }

    /// A text, or a list of texts as lines; `nil` for anything else.
    private static func plainText(_ value: JSONValue) -> String? {
        if let text = value.string { return text }
        guard let elements = value.elements, !elements.isEmpty else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts.joined(separator: "\n") : nil
    }

    // MARK: Named members

    private func joined(_ keys: [RowLayout.Candidate]) throws(RowProblem) -> ReadPrompt? {
        var numbers = KeyNumbers()
        var texts: [String] = []
        var isAnswer = false
        for key in keys {
            guard let value = try value(of: key) else { continue }
            let (text, endsWithAssistant) = try member(value, key.key)
            guard !text.isBlank else { continue }
            numbers.append(key)
            texts.append(text)
            isAnswer = endsWithAssistant
        }
        guard !texts.isEmpty else { return nil }
        return ReadPrompt(text: texts.joined(separator: "\n\n"), keys: numbers, endsWithAssistant: isAnswer)
    }

    private func filled(_ pieces: [PromptLayout.Piece]) throws(RowProblem) -> ReadPrompt? {
        var numbers = KeyNumbers()
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let constant): text += constant
            case .member(let key):
                guard let value = try value(of: key) else {
                    throw RowProblem(
                        code: .missingPrompt,
                        message: "no \"\(key.key)\", which --template names; correct the template or fill the row")
                }
                numbers.append(key)
                text += try member(value, key.key).text
            }
        }
        return ReadPrompt(text: text, keys: numbers, endsWithAssistant: false)
    }

    /// A member of any type as text: messages as `PromptText`, lists of texts as choices, numbers as written.
    private func member(_ value: JSONValue, _ key: String) throws(RowProblem) -> (text: String, isAnswer: Bool) {
        switch value {
        case .number(let digits): return (digits, false)
        case .bool(let truth): return (truth ? "true" : "false", false)
        case .string(let text) where text.isBlank: return ("", false)
        case .object: return (ChoiceText.lines(value) ?? value.text, false)
        case .array(let elements) where !elements.allSatisfy(ChatMessage.isMessage):
            return (ChoiceText.lines(value) ?? value.text, false)
        default:
            let reading = try PromptText.read(value, key: key, dropsAnswer: layout.prompt.dropsAnswer)
            return (reading.text, reading.endsWithAssistant)
        }
    }
}
