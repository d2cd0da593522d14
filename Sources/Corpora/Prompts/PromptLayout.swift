/// Where the text of a prompt is in a row: usual names with what is joined to them, keys that the user named, or a
/// template.
struct PromptLayout {
    /// The ways to make a text.
    enum Form {
        /// The first key with a text, and the members that belong to it.
        case usual([RowLayout.Candidate])
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
    var systems: [RowLayout.Candidate] = []
    var contexts: [RowLayout.Candidate] = []
    var choices: [RowLayout.Candidate] = []
    /// Sets of single choices.
    var letters: [[RowLayout.Candidate]] = []
    /// What an instruction is about.
    var inputs: [RowLayout.Candidate] = []

    /// The names that were tried, for messages.
    var names: String {
        switch form {
        case .usual(let keys), .joined(let keys):
            // The first of the usual names are the most frequent ones.
            guard keys.count > 12 else { return keys.map(\.key).joined(separator: ", ") }
            let plain = keys.map(\.key).filter { $0.first?.isUppercase != true && !$0.contains(".") }
            return plain.prefix(7).joined(separator: ", ") + " or another usual key"
        case .template: return "the members of --template"
        }
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
                form: .usual(fallback ? first + usual : first), dropsAnswer: dropsAnswer, named: named)
            if !fallback { return }
        } else {
            prompt = PromptLayout(form: .usual(usual), dropsAnswer: dropsAnswer)
        }
        prompt.systems = PromptNames.systems.map { candidate($0) }
        prompt.contexts = PromptNames.contexts.flatMap(PromptNames.forms).map { candidate($0) }
        prompt.choices = PromptNames.choices.flatMap(PromptNames.forms).map { candidate($0) }
        prompt.letters = PromptNames.letters.map { names in names.map { candidate($0) } }
        prompt.inputs = PromptNames.forms(of: "input").map { candidate($0) }
    }
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
