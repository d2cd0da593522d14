import JSON

/// Tells answers from things that only look like one, because their status is 200.
enum AnswerCheck {
    /// Checks a whole answer: one JSON object with choices, and without an error. Returns its `usage`.
    static func whole(_ bytes: [UInt8]) throws(UpstreamFailure) -> AnswerUsage? {
        guard !isBlank(bytes) else { throw UpstreamFailure(.empty, "200 without a body") }
        let members = try object(bytes)
        guard let choices = members["choices"]?.elements else {
            throw UpstreamFailure(.malformed, "a JSON object without choices")
        }
        guard !choices.isEmpty else { throw UpstreamFailure(.empty, "an answer with no choice") }
        return AnswerUsage(members["usage"])
    }

    /// Checks an event of a stream: a JSON object without an error. Returns its `usage`.
    static func event(_ event: EventStream.Event, data: [UInt8]) throws(UpstreamFailure) -> AnswerUsage? {
        if event.name == "error" { throw UpstreamFailure(.errorObject, clipped(data)) }
        return AnswerUsage(try object(data)["usage"])
    }

    /// Whether an event at the end of a stream, without the blank line that ends it, is complete.
    static func isWhole(_ event: EventStream.Event) -> Bool {
        guard let data = event.data, !data.elementsEqual("[DONE]".utf8) else { return true }
        return (try? JSONValue(reading: data, duplicateNames: .kept)) != nil
    }

    /// Whether a later event has to be read. Most have neither word, and are not parsed.
    static func isNotable(_ event: EventStream.Event, data: [UInt8]) -> Bool {
        event.name == "error" || contains(data, errorKey) || contains(data, usageKey)
    }

    private static let errorKey = Array("\"error\"".utf8)
    private static let usageKey = Array("\"usage\"".utf8)

    /// Reads JSON whose members decide, and throws where one of them is an error.
    private static func object(_ bytes: [UInt8]) throws(UpstreamFailure) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(reading: bytes, duplicateNames: .kept)
        } catch {
            throw UpstreamFailure(.malformed, "no JSON: \(clipped(bytes))")
        }
        guard let object = value.object else { throw UpstreamFailure(.malformed, "no JSON object: \(clipped(bytes))") }
        if let error = object["error"], error != .null {
            let message = error.string ?? error.member(at: ["message"])?.string
            throw UpstreamFailure(.errorObject, message.map { clipped(Array($0.utf8)) } ?? clipped(bytes))
        }
        if object["object"]?.string == "error" { throw UpstreamFailure(.errorObject, clipped(bytes)) }
        return object
    }

    private static func isBlank(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 <= 0x20 } }

    private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
        guard bytes.count >= word.count else { return false }
        for start in 0...(bytes.count - word.count) where bytes[start] == word[0] {
            if bytes[start..<start + word.count].elementsEqual(word) { return true }
        }
        return false
    }

    /// The beginning of a text, for messages.
    static func clipped(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(clippedMax), as: UTF8.self)
        return bytes.count > clippedMax ? text + "…" : text
    }

    private static let clippedMax = 160
}
