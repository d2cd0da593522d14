import Foundation
import RemoteEncoding
import Testing

@Suite("EmbeddingReply: what a status means, with the words of real servers")
struct EmbeddingReplyTests {
    private static func reply(_ status: Int, _ body: String, count: Int = 2, key: String? = nil) throws
        -> EmbeddingReply
    {
        EmbeddingReply(
            status: status, body: Array(body.utf8), count: count,
            endpoint: try RemoteEndpoint("http://h:1/v1", key: key))
    }

    @Test(
        "a text that is too long is a refusal of the input, whichever status the engine uses",
        arguments: [
            // vLLM
            (
                400,
                #"{"error":{"message":"This model's maximum context length is 512 tokens. However, you requested 900 tokens in the input.","type":"BadRequestError","param":null,"code":400}}"#
            ),
            // TEI
            (
                413,
                #"{"message":"Input validation error: `inputs` must have less than 512 tokens. Given: 900","code":413,"type":"Validation"}"#
            ),
            // Ollama
            (
                400,
                #"{"error":{"message":"the input length exceeds the context length","type":"api_error","param":null,"code":null}}"#
            ),
            // llama.cpp
            (
                500,
                #"{"error":{"code":500,"message":"input (992 tokens) is too large to process. increase the physical batch size (current batch size: 512)","type":"server_error"}}"#
            ),
            (
                400,
                #"{"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size (512 tokens), try increasing it","type":"exceed_context_size_error"}}"#
            ),
        ])
    func tooLong(status: Int, body: String) throws {
        guard case .inputRefused(let reason, false) = try Self.reply(status, body) else {
            Issue.record("expected a refusal of the input")
            return
        }
        #expect(reason.hasPrefix("status \(status): ") && reason.contains("tokens") || reason.contains("input length"))
    }

    @Test("TEI's limit of texts in a request is recognised")
    func batchSize() throws {
        let body = #"{"message":"Input validation error: batch size 64 > maximum allowed batch size 32","code":413}"#
        guard case .inputRefused(_, true) = try Self.reply(413, body) else {
            Issue.record("expected a refusal of the batch")
            return
        }
    }

    @Test(
        "what may pass is tried again",
        arguments: [
            (429, RequestFailure.Kind.busy), (503, .busy), (502, .busy), (504, .busy), (408, .busy),
            (500, .serverError),
            (424, .serverError),
        ])
    func again(status: Int, kind: RequestFailure.Kind) throws {
        guard case .failed(let failure) = try Self.reply(status, #"{"error":"model is overloaded"}"#) else {
            Issue.record("expected another try")
            return
        }
        #expect(failure.kind == kind && failure.reason == "status \(status): model is overloaded")
    }

    @Test("what no try will change names endpoint, status, the server's words and what to do, but never the key")
    func hopeless() throws {
        for (status, advice) in [(401, "--encoder-key-env"), (403, "--encoder-key-file"), (404, "--encoder-model")] {
            let body = #"{"error":{"message":"Incorrect API key provided: sk-secret-1"}}"#
            guard case .ended(let error) = try Self.reply(status, body, key: "sk-secret-1") else {
                Issue.record("expected an end at \(status)")
                continue
            }
            let text = "\(error)"
            #expect(text.contains("http://h:1/v1/embeddings: status \(status): Incorrect API key provided: …"))
            #expect(text.contains(advice) && !text.contains("secret"))
        }
        let moved = EmbeddingReply(
            status: 308, body: [], count: 1, location: "https://other/v1/embeddings",
            endpoint: try RemoteEndpoint("http://h:1/v1"))
        guard case .ended(let error) = moved else {
            Issue.record("expected an end at a redirection")
            return
        }
        #expect("\(error)".contains("https://other/v1/embeddings"))
    }

    @Test("a key is hidden whole where the server's message is cut within it")
    func keyAtTheCut() throws {
        let long = String(repeating: "x", count: 295) + "sk-secret-1"
        for body in [#"{"error":{"message":"\#(long)"}}"#, long] {
            guard case .ended(let error) = try Self.reply(401, body, key: "sk-secret-1") else {
                Issue.record("expected an end")
                continue
            }
            #expect(!"\(error)".contains("sk-"), "\(error)")
        }
    }

    @Test("a page of HTML with status 200 is shown by its first characters")
    func page() throws {
        guard case .ended(let error) = try Self.reply(200, "<!doctype html>\n  <title>Ollama</title>") else {
            Issue.record("expected an end")
            return
        }
        #expect("\(error)".contains("<!doctype html> <title>Ollama</title>"))
    }

    @Test("addresses: the root of the API is found, others are refused with a reason")
    func addresses() throws {
        for (text, url) in [
            ("http://h:8000/v1", "http://h:8000/v1"), ("http://h:8000/v1/", "http://h:8000/v1"),
            ("http://h:11434", "http://h:11434/v1"), ("https://h/", "https://h/v1"),
            ("http://h/api/v3/embeddings", "http://h/api/v3"),
        ] {
            #expect(try RemoteEndpoint(text).url == url)
        }
        for text in [
            "h:8000", "ftp://h/v1", "http:///v1", "http://user:hunter2@h/v1", "http://h/v1?key=1", "", "http://h /v1",
        ] {
            let error = #expect(throws: RemoteError.self) { try RemoteEndpoint(text) }
            #expect(error.map { "\($0)" }?.contains("hunter2") == false)
        }
    }

    @Test("a request names model, format and texts, and the cut only where it is asked for")
    func request() {
        var request = EmbeddingRequest(model: "a\"b")
        let plain = String(decoding: request.body(["x\n", "é"]), as: UTF8.self)
        #expect(plain == #"{"model":"a\"b","encoding_format":"base64","input":["x\n","é"]}"#)
        request.truncateTokens = 512
        request.format = .float
        let cut = String(decoding: request.body(["x"]), as: UTF8.self)
        #expect(cut == #"{"model":"a\"b","encoding_format":"float","truncate_prompt_tokens":512,"input":["x"]}"#)
    }
}
