import JSON

/// The choices of a question as lines: `A. …`, `B. …`.
///
/// Read are a list of texts, a list of `{label, text}`, an object with the lists `text` and `label` (ARC), an object of
/// letters, and one text, which is used unchanged. Choices that have their letters already keep them.
enum ChoiceText {
    static func lines(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): return text.isBlank ? nil : text
        case .array(let elements): return list(elements)
        case .object(let object):
            if let texts = object["text"]?.elements { return labelled(texts, object["label"]?.elements) }
            guard object.members.allSatisfy({ $0.name.count <= 2 && $0.value.string != nil }), !object.members.isEmpty
            else { return nil }
            return object.members.map { "\($0.name). \($0.value.string ?? "")" }.joined(separator: "\n")
        default: return nil
        }
    }

    /// The names of an object of scores; `nil` if there are not at least two, or for anything else.
    static func lines(byScore value: JSONValue) -> String? {
        guard let members = value.object?.members, members.count > 1, members.allSatisfy({ $0.value.double != nil })
        else { return nil }
        return list(members.map { .string($0.name) })
    }

    private static func list(_ elements: [JSONValue]) -> String? {
        guard !elements.isEmpty else { return nil }
        if elements.allSatisfy({ $0.member(at: ["text"])?.string != nil }) {
            let labels = elements.compactMap { $0.member(at: ["label"]) ?? $0.member(at: ["key"]) }
            return labelled(elements.compactMap { $0.member(at: ["text"]) }, labels)
        }
        return labelled(elements, nil)
    }

    private static func labelled(_ texts: [JSONValue], _ labels: [JSONValue]?) -> String? {
        let found = texts.compactMap { text in text.string ?? (text.double == nil ? nil : text.text) }
        guard !found.isEmpty, found.count == texts.count else { return nil }
        if found.allSatisfy(hasLetter) { return found.joined(separator: "\n") }
        let names = labels?.compactMap { $0.string ?? ($0.double == nil ? nil : $0.text) } ?? []
        return found.enumerated().map { index, text in
            "\(names.count == found.count ? names[index] : letter(index)). \(text)"
        }.joined(separator: "\n")
    }

    /// A choice without its letter.
    static func bare(_ choice: some StringProtocol) -> String {
        guard hasLetter(String(choice)), let sign = choice.firstIndex(where: { ").:".contains($0) }) else {
            return String(choice)
        }
        return choice[choice.index(after: sign)...].trimming(" ")
    }

    /// Whether a choice begins as `A) `, `A. ` or `A: `.
    private static func hasLetter(_ text: String) -> Bool {
        let start = text.utf8.prefix(4).filter { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: " ") }
        guard start.count > 1, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= start[0] & 0xDF else { return false }
        return [UInt8(ascii: ")"), UInt8(ascii: "."), UInt8(ascii: ":")].contains(start[1])
    }

    static func letter(_ index: Int) -> String {
        index < 26 ? String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index))) : "\(index + 1)"
    }
}
