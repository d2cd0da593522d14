import Corpora
import Testing

@Suite("What a chat request needs beside text")
struct ChatRequestNeedsTests {
    private func request(_ messages: String, more: String = "") throws -> ChatRequest {
        try ChatRequest(Array("{\(more)\"messages\":[\(messages)]}".utf8))
    }

    private let text = #"{"role":"user","content":"12345678"}"#

    @Test("text needs nothing, and its tokens are those of the text")
    func plain() throws {
        let request = try request(text)
        #expect(request.needs.isEmpty && request.inputTokens == 2)
    }

    @Test("images, sound, files, tools and schemas are found, wherever they are")
    func needs() throws {
        let part = { (type: String) in #"{"role":"user","content":[{"type":"\#(type)"},{"type":"text","text":"x"}]}"# }
        #expect(try request(part("image_url")).needs == [.images])
        #expect(try request(part("input_audio")).needs == [.audio])
        #expect(try request(part("file")).needs == [.files])
        #expect(try request(text, more: #""tools":[{"type":"function"}],"#).needs == [.tools])
        #expect(try request(text, more: #""tools":[],"#).needs.isEmpty)
        #expect(try request(text + #",{"role":"tool","content":"4","tool_call_id":"1"}"#).needs == [.tools])
        #expect(try request(text, more: #""response_format":{"type":"json_schema"},"#).needs == [.jsonSchema])
        #expect(
            try request(text, more: #""response_format":{"type":"text"},"modalities":["text","audio"],"#).needs == [
                .audio
            ])
    }

    @Test("definitions of tools, images and all messages count as tokens, also without a readable text")
    func tokens() throws {
        let image = try request(#"{"role":"user","content":[{"type":"image_url"},{"type":"text","text":"12345678"}]}"#)
        #expect(image.text == nil && image.inputTokens == 765 + 2)
        let tool = String(repeating: "x", count: 398)
        #expect(try request(text, more: "\"tools\":[\"\(tool)\"],").inputTokens == (8 + 402 + 3) / 4)
    }
}
