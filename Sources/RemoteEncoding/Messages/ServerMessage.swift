import JSON

/// What a server says about an error, in one of the forms that engines use.
package enum ServerMessage {
    /// Characters that messages show of a body.
    static let shownMax = 300

    // {"error":{"message":…}} OpenAI, vLLM, llama.cpp; {"error":…} Ollama and TEI; {"message":…} older vLLM and TEI;
    // {"detail":…} FastAPI.
    private static let paths = [["error", "message"], ["error"], ["message"], ["detail"]]

    /// The message of an error's body, else the beginning of the body. `hiding` replaces what no message may show: before
    /// the text is cut, so that no part of it is left.
    package static func read(_ body: [UInt8], hiding: (String) -> String) -> String {
        if let value = try? JSONValue(reading: body, duplicateNames: .kept) {
            for path in paths {
                if let text = value.member(at: path)?.string, !text.isEmpty { return clipped(hiding(text)) }
            }
        }
        return beginning(of: body, hiding: hiding)
    }

    /// The first characters of a body on one line; `hiding` as above.
    package static func beginning(of body: [UInt8], hiding: (String) -> String) -> String {
        let text = clipped(hiding(String(decoding: body.prefix(4 * shownMax), as: UTF8.self)))
        return text.isEmpty ? "an empty body" : text
    }

    private static func clipped(_ text: String) -> String {
        let line = text.split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        return line.count > shownMax ? line.prefix(shownMax) + "…" : line
    }
}
