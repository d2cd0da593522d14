import Corpora
import Testing

@Suite("Requests to an OpenAI-compatible server")
struct ChatRequestTests {
    private func request(_ text: String) throws -> ChatRequest { try ChatRequest(Array(text.utf8)) }

    @Test("model, prompt, stream and length are read; the prompt is flattened as in files")
    func fields() throws {
        let chat = try request(
            """
            {"model": "m", "stream": true, "max_tokens": 7, "messages": [{"role": "system", "content": "s"}, \
            {"role": "user", "content": [{"type": "text", "text": "u"}]}]}
            """)
        #expect((chat.model, chat.isStreaming, chat.outputTokensMax) == ("m", true, 7))
        #expect(chat.text == "system: s\n\nuser: u")
        let plain = try request("{\"prompt\": \"p\", \"max_completion_tokens\": 3, \"max_tokens\": 9, \"beta\": 0.25}")
        #expect((plain.model, plain.text, plain.outputTokensMax, plain.beta) == (nil, "p", 3, 0.25))
    }

    @Test(
        "another model's name replaces the model's name, and every other byte stays",
        arguments: [
            ("{\"model\": \"a\", \"prompt\": \"p\"}", "{\"model\": \"b\\\"\", \"prompt\": \"p\"}"),
            (
                "{\"prompt\":\"\\\"model\\\": \\\"a\\\"\",\"x\":{\"model\":\"a\"},\"model\"\n:\t\"a\"}",
                "{\"prompt\":\"\\\"model\\\": \\\"a\\\"\",\"x\":{\"model\":\"a\"},\"model\"\n:\t\"b\\\"\"}"
            ),
            (
                "{\"y\":[\"model\",\"a\"],\"model\":\"\\\"\",\"prompt\":\"p\"}",
                "{\"y\":[\"model\",\"a\"],\"model\":\"b\\\"\",\"prompt\":\"p\"}"
            ),
            ("{ \"prompt\": \"p\", \"seed\": 0.10 }", "{\"model\":\"b\\\"\", \"prompt\": \"p\", \"seed\": 0.10 }"),
        ])
    func naming(before: String, after: String) throws {
        let body = try request(before).body(naming: "b\"")
        #expect(String(decoding: body, as: UTF8.self) == after)
        #expect(try ChatRequest(body).model == "b\"")
    }

    @Test("a prompt without text is not an error, and has a reason")
    func pictures() throws {
        let chat = try request("{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]}")
        #expect(chat.text == nil)
        #expect(chat.problem?.contains("only text parts") == true)
    }

    @Test(
        "a body that is not a request is refused",
        arguments: [
            ("{", "bad_json"), ("[1]", "bad_type"), ("{\"model\": 1, \"prompt\": \"p\"}", "bad_type"),
            ("{\"model\": \"m\"}", "missing_prompt"), ("{\"prompt\": \"p\", \"beta\": -1}", "bad_type"),
            ("{\"mod\\u0065l\": \"m\", \"prompt\": \"p\"}", "bad_json"),
        ])
    func refused(body: String, code: String) {
        do {
            _ = try request(body)
            Issue.record("was accepted: \(body)")
        } catch let problem as ChatRequest.Problem {
            #expect(problem.code == code, "\(problem)")
        } catch {
            Issue.record("\(error)")
        }
    }
}
