import CommandSupport
import Corpora
import Scoring

/// What the prompts of files are read from, as lines for people.
struct PromptNotes {
    private let sample: PromptSample

    init(_ sample: PromptSample) {
        self.sample = sample
    }

    /// Writes all lines to standard error.
    func show() {
        for line in lines { printError(line) }
    }

    /// The files with the same keys and no texts beside them share a line.
    var lines: [String] {
        var lines: [String] = []
        var keys: Set<String> = []
        for file in sample.files {
            let read = Self.keys(of: file)
            if keys.insert(read).inserted, !file.keys.isEmpty { lines += Self.reading(of: file) }
            lines += Self.warnings(about: file)
        }
        return lines
    }

    /// What one file is read from, with its first prompt.
    static func reading(of file: PromptSample.File) -> [String] {
        guard let first = file.first else { return [] }
        return ["\(file.path): prompt from \(keys(of: file))", "first prompt:"] + excerpt(first.text)
    }

    /// What may be wrong with the prompts of a file.
    static func warnings(about file: PromptSample.File) -> [String] {
        var lines: [String] = []
        for (name, rows) in file.unread {
            lines.append(
                "warning: \(file.path): \(name) has text that is not read (\(rows) of \(file.rows) rows); join it with "
                    + "--prompt-key \(name),\(keyToJoin(file)), or with --template")
        }
        if file.assistantLast > 0 {
            lines.append(
                "warning: \(file.path): \(file.assistantLast) of \(file.rows) prompts end with an answer of the assistant, "
                    + "which is scored with them; leave it out with --drop-last-assistant")
        }
        if file.openTurns > 0 {
            lines.append(
                "warning: \(file.path): \(file.openTurns) of \(file.rows) prompts have turns of the user that follow each "
                    + "other; all turns are scored as one prompt, as if they were asked at once")
        }
        if file.repeats > 0, 5 * file.repeats >= file.rows {
            lines.append(
                "warning: \(file.path): \(file.repeats) of \(file.rows) prompts have the text of an earlier one")
        }
        return lines
    }

    /// Says that memory grows with the corpus, and what to do.
    static func idsInMemory(_ reason: String) -> String {
        "warning: the table of ids grows in memory, some 20 bytes a row, because its temporary file cannot be written: "
            + "\(reason); give TMPDIR a folder with 12 bytes a row of room"
    }

    private static func keys(of file: PromptSample.File) -> String {
        guard file.keys.count > 1 else { return file.keys.first?.name ?? "" }
        let shown = file.keys.prefix(5).map { "\($0.name) (\($0.rows) of \(file.rows) rows)" }.joined(separator: ", ")
        return file.keys.count > 5 ? "\(shown) and \(file.keys.count - 5) more" : shown
    }

    private static func keyToJoin(_ file: PromptSample.File) -> String {
        file.keys.first?.name.replacing(" + ", with: ",") ?? "prompt"
    }

    /// At most six lines and 400 characters.
    private static func excerpt(_ text: String) -> [String] {
        let start = text.prefix(400)
        var lines = start.split(separator: "\n", omittingEmptySubsequences: false).map { "  | \($0)" }
        let isCut = start.endIndex < text.endIndex || lines.count > 6
        lines = Array(lines.prefix(6))
        if isCut { lines.append("  | … (\(text.count) characters)") }
        return lines
    }
}
