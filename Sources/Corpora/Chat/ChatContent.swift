import JSON
import Scoring

/// What a chat request contains, for the choice of a model: needs beside text, and about how many tokens.
struct ChatContent {
    private(set) var needs: Set<ChatNeed> = []
    private var textBytes = 0
    private var images = 0

    /// Tokens of an image of 1024 × 1024 at high detail (OpenAI, "Calculating costs" of images: 85 + 4 · 170).
    private static let imageTokens = 765

    /// Reads `messages` or `prompt`. Nothing is refused here: what cannot be understood counts as no text.
    init(_ prompt: JSONValue) {
        if let text = prompt.string { textBytes = text.utf8.count }
        for message in prompt.elements ?? [] {
            if let text = message.string { textBytes += text.utf8.count }
            let calls = message.member(at: ["tool_calls"])?.elements ?? []
            if !calls.isEmpty || message.member(at: ["role"])?.string == "tool" { needs.insert(.tools) }
            for call in calls { textBytes += call.member(at: ["function", "arguments"])?.string?.utf8.count ?? 0 }
            read(message.member(at: ["content"]))
        }
    }

    /// Reads the members beside the prompt. `body` is one JSON object. Throws what `ChatRequest` throws for another body.
    mutating func addOptions(of body: [UInt8]) throws(ChatRequest.Problem) {
        let names = ["tools", "functions", "response_format", "modalities"].map { Array($0.utf8) }
        let values: [JSONValue?]
        do throws(JSONError) {
            var reader = JSONReader(utf8: body)
            values = try reader.object(selecting: names)
            var second = JSONReader(utf8: body)
            textBytes += try second.range(ofMember: names[0])?.count ?? 0
        } catch {
            throw ChatRequest.Problem(error)
        }
        if !(values[0]?.elements ?? []).isEmpty || !(values[1]?.elements ?? []).isEmpty { needs.insert(.tools) }
        if values[2]?.member(at: ["type"])?.string == "json_schema" { needs.insert(.jsonSchema) }
        if (values[3]?.elements ?? []).contains(.string("audio")) { needs.insert(.audio) }
    }

    /// Estimated tokens.
    var tokens: Int { TokenEstimate.roundedUp(bytes: textBytes) + images * Self.imageTokens }

    private mutating func read(_ content: JSONValue?) {
        if let text = content?.string { textBytes += text.utf8.count }
        for part in content?.elements ?? [] {
            textBytes += (part.string ?? part.member(at: ["text"])?.string ?? "").utf8.count
            switch part.member(at: ["type"])?.string {
            case "image_url", "input_image", "image":
                needs.insert(.images)
                images += 1
            case "input_audio", "audio": needs.insert(.audio)
            case "file", "input_file": needs.insert(.files)
            default: break
            }
        }
    }
}
