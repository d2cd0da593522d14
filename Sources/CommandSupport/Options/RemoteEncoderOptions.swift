package import ArgumentParser
import Foundation
import RemoteEncoding
import Threads

/// The options of an encoder behind an OpenAI-compatible embeddings API, in place of a model folder.
package struct RemoteEncoderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Embeddings API in place of a model folder, as http://127.0.0.1:8000/v1: vLLM, TEI, Ollama, llama.cpp.",
            discussion: "Prompts are sent to that server. Needs --head gaussian-process, or a head trained for it."))
    package var encoderURL: String?

    @Option(help: "Model name in requests. Default: the only model that the server lists.")
    package var encoderModel: String?

    @Option(help: "Environment variable with the API key. Default: no key.")
    package var encoderKeyEnv: String?

    @Option(help: "File with the API key.")
    package var encoderKeyFile: String?

    @Option(help: "Text put before each prompt, as 'query: ' for E5.")
    package var encoderPrefix = ""

    @Option(range: .within(1...4096), help: "Most prompts of a request.")
    package var encoderBatch = RemoteSettings().batchRows

    @Option(range: .atLeast(1), help: "Most tokens of a request, estimated as a third of the bytes.")
    package var encoderBatchTokens = RemoteSettings().batchTokens

    @Option(range: .within(1...256), help: "Most requests of a worker under way at a time.")
    package var encoderRequests = RemoteSettings().requestsMax

    @Option(range: .within(1...86_400), help: "Seconds within which an answer must be complete.")
    package var encoderTimeout = 120

    @Option(
        range: .within(0...86_400), help: "Seconds without any answer after which the server counts as unavailable.")
    package var encoderOutage = 300

    @Option(range: .atLeast(1), help: "Cut prompts to this many characters before they are sent. Default: do not cut.")
    package var encoderCharacters: Int?

    @Option(range: .atLeast(1), help: "vLLM: let the server cut prompts to this many tokens (truncate_prompt_tokens).")
    package var encoderTruncate: Int?

    @Option(help: "Your name for the model's state, in place of the probe that tells models apart.")
    package var encoderRevision: String?

    package init() {}

    package func validate() throws {
        guard encoderURL == nil else {
            if encoderKeyEnv != nil, encoderKeyFile != nil {
                throw ValidationError("give either --encoder-key-env or --encoder-key-file")
            }
            return
        }
        let given = encoderModel ?? encoderKeyEnv ?? encoderKeyFile ?? encoderRevision
        if given != nil || !encoderPrefix.isEmpty || (encoderTruncate ?? encoderCharacters) != nil {
            throw ValidationError("the options that begin with --encoder- need --encoder-url")
        }
    }

    /// The same choice as arguments for another process. The key itself is not in them.
    package var arguments: [String] {
        guard let encoderURL else { return [] }
        let texts = [
            ("url", encoderURL), ("model", encoderModel), ("key-env", encoderKeyEnv), ("key-file", encoderKeyFile),
            ("prefix", encoderPrefix.isEmpty ? nil : encoderPrefix), ("batch", "\(encoderBatch)"),
            ("batch-tokens", "\(encoderBatchTokens)"), ("requests", "\(encoderRequests)"),
            ("timeout", "\(encoderTimeout)"), ("outage", "\(encoderOutage)"),
            ("characters", encoderCharacters.map { "\($0)" }), ("truncate", encoderTruncate.map { "\($0)" }),
            ("revision", encoderRevision),
        ]
        // One argument each, because a prefix may begin with a dash.
        return texts.compactMap { name, value in value.map { "--encoder-\(name)=\($0)" } }
    }

    /// Checks what can be checked without the server. Throws `CommandFailure` or `RemoteError`.
    func check() throws { _ = try endpoint() }

    /// Connects to the server; blocks until it has answered. Failed tries go to standard error, one line in 30 s.
    func encoder(stop: StopFlag) throws -> RemoteEncoder {
        let notice = OutageNotice(url: encoderURL ?? "")
        let encoder = try RemoteEncoder(endpoint(), settings: settings, stop: stop) { notice.failed($0) }
        if let caution = encoder.caution { printError("statezero: warning: \(caution)") }
        return encoder
    }

    private func endpoint() throws -> RemoteEndpoint {
        var key: String?
        if let encoderKeyEnv {
            key = ProcessInfo.processInfo.environment[encoderKeyEnv]
            if key?.isEmpty ?? true {
                throw CommandFailure(
                    "--encoder-key-env \(encoderKeyEnv): this environment variable is not set; set it to the key")
            }
        } else if let encoderKeyFile {
            key = String(decoding: try readFile(encoderKeyFile), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            if key?.isEmpty ?? true { throw CommandFailure("\(encoderKeyFile): the file has no key") }
        }
        if let key, key.contains(where: { !$0.isASCII || $0.isWhitespace || $0.isNewline }) {
            throw CommandFailure("the API key of --encoder-url has spaces, line ends or characters that are not ASCII")
        }
        return try RemoteEndpoint(encoderURL ?? "", key: key)
    }

    private var settings: RemoteSettings {
        var settings = RemoteSettings()
        settings.model = encoderModel
        (settings.batchRows, settings.batchTokens) = (encoderBatch, encoderBatchTokens)
        settings.requestsMax = encoderRequests
        settings.requestTime = .seconds(encoderTimeout)
        settings.outageTime = .seconds(encoderOutage)
        (settings.truncateTokens, settings.charactersMax) = (encoderTruncate, encoderCharacters)
        settings.prefix = encoderPrefix
        settings.revision = encoderRevision
        return settings
    }
}
