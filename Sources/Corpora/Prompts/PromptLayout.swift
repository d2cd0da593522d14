/// Where the text of a prompt is in a row: usual names with what is joined to them, keys that the user named, or a
/// template.
struct PromptLayout {
    /// The ways to make a text.
    enum Form {
        /// The first key with a text, and the members that belong to it.
        case usual(RowLayout.Candidates)
        /// All of these that are there, with a blank line between them.
        case joined([RowLayout.Candidate])
        /// A template's pieces.
        case template([Piece])
    }

    /// A part of a template.
    enum Piece {
        case text(String)
        case member(RowLayout.Candidate)
    }

    let form: Form
    let dropsAnswer: Bool
    /// The key that the user named.
    var named: String?
    var systems = RowLayout.Candidates()
    var contexts = RowLayout.Candidates()
    var choices = RowLayout.Candidates()
    /// Sets of single choices.
    var letters: [RowLayout.Candidates] = []
    /// What an instruction is about.
    var inputs = RowLayout.Candidates()

    /// The names that were tried, for messages.
    var names: String {
        switch form {
        case .usual(let keys): Self.names(keys.all)
        case .joined(let keys): Self.names(keys)
        case .template: "the members of --template"
        }
    }

    /// The first of the usual names are the most frequent ones.
    private static func names(_ keys: [RowLayout.Candidate]) -> String {
        guard keys.count > 12 else { return keys.map(\.key).joined(separator: ", ") }
        let plain = keys.map(\.key).filter { $0.first?.isUppercase != true && !$0.contains(".") }
        return plain.prefix(7).joined(separator: ", ") + " or another usual key"
    }
}

extension RowLayout {
    /// Adds the members that a prompt is made of. `named` are the user's keys, `names` the usual ones.
    mutating func addPrompts(
        named: String?, template: PromptTemplate?, fallback: Bool, names: [String], dropsAnswer: Bool
    ) {
        let usual = names.flatMap(PromptNames.forms).map { candidate($0) }
        if let template {
            let pieces = template.pieces.map { piece -> PromptLayout.Piece in
                switch piece {
                case .text(let text): .text(text)
                case .member(let name): .member(candidate(name))
                }
            }
            prompt = PromptLayout(form: .template(pieces), dropsAnswer: dropsAnswer)
            return
        }
        if let named {
            let keys = named.split(separator: ",").map { $0.trimming(" ") }.filter { !$0.isEmpty }
            // A key may itself have a comma.
            if keys.count > 1, !fallback {
                prompt = PromptLayout(form: .joined(keys.map { candidate($0) }), dropsAnswer: dropsAnswer)
                return
            }
            let first = [candidate(named)]
            prompt = PromptLayout(
                form: .usual(RowLayout.Candidates(fallback ? first + usual : first)), dropsAnswer: dropsAnswer,
                named: named)
            if !fallback { return }
        } else {
            prompt = PromptLayout(form: .usual(RowLayout.Candidates(usual)), dropsAnswer: dropsAnswer)
        }
        prompt.systems = candidates(PromptNames.systems)
        prompt.contexts = candidates(PromptNames.contexts.flatMap(PromptNames.forms))
        prompt.choices = candidates(PromptNames.choices.flatMap(PromptNames.forms))
        prompt.letters = PromptNames.letters.map { candidates($0) }
        prompt.inputs = candidates(PromptNames.forms(of: "input"))
    }

    private mutating func candidates(_ names: [String]) -> Candidates { Candidates(names.map { candidate($0) }) }
}

extension StringProtocol {
    /// The text without this character at both ends.
    func trimming(_ character: Character) -> String {
        var text = Substring(self)
        while text.first == character { text.removeFirst() }
        while text.last == character { text.removeLast() }
        return String(text)
    }
}
