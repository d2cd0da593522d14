import AsyncHTTPClient
package import Encoders
package import Scoring
package import Threads

/// An encoder behind an OpenAI-compatible embeddings API: vLLM, TEI, Ollama, llama.cpp and others.
///
/// `encode` blocks its thread until all vectors are there. Whether the server cut a text is not known; rows count as
/// truncated where this encoder cut them. Belongs to one thread at a time.
package final class RemoteEncoder: TextEncoder {
    /// The model's name and width, and an identity that workers on equal engines share.
    package let facts: EncoderFacts
    /// What is uncertain about the identity, for the user; `nil` if nothing is.
    package let caution: String?
    private let http: HTTPClient
    private let client: EmbeddingClient
    private let request: EmbeddingRequest
    private let endpoint: RemoteEndpoint
    private let settings: RemoteSettings
    private var rowsMax: Int
    private var events: EmbeddingClient.Events
    /// Results of the last call in which the server refused a text: its caller asks again for each text alone.
    private var kept: [String: EmbeddingAnswer.Row] = [:]

    // Changes with this code, whenever a vector could change.
    private static let version = "remote/1"

    /// Asks the server for its models, if none is named, and for the vectors of the probe.
    ///
    /// `stop` ends tries at a server that does not answer. `onFailure` is called with the reason of each failed try, on
    /// any thread. Throws why the server cannot be used.
    package init(
        _ endpoint: RemoteEndpoint, settings: RemoteSettings, stop: StopFlag = StopFlag(),
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(RemoteError) {
        self.endpoint = endpoint
        self.settings = settings
        rowsMax = max(1, settings.batchRows)
        http = HTTPExchange.makeClient(connections: settings.requestsMax)
        let exchange = HTTPExchange(http, endpoint: endpoint, time: settings.requestTime, stop: stop)
        client = EmbeddingClient(endpoint: endpoint, exchange: exchange, settings: settings, stop: stop)
        var events = EmbeddingClient.Events()
        events.failed = onFailure
        self.events = events
        let (client, given) = (client, events)
        let begun: RemoteHandshake
        do {
            begun = try TaskWait.run { () async throws(RemoteError) in
                try await RemoteHandshake.perform(client, settings: settings, events: given).get()
            }
        } catch {
            try? http.syncShutdown()
            throw error
        }
        request = begun.request
        let probe = begun.probe
        // Servers list files by their path, which differs between hosts.
        let name = request.model.split(separator: "/").last.map(String.init) ?? "remote"
        let state = settings.revision.map { "revision \($0)" } ?? "probe \(probe.place)"
        let identity = [
            Self.version, "model \(name)", "width \(begun.width)", "prefix \(Digest(of: settings.prefix).hex)",
            "cut \(Self.text(settings.truncateTokens)) tokens, \(Self.text(settings.charactersMax)) characters", state,
        ]
        facts = EncoderFacts(
            name: name, identity: identity.joined(separator: "\n"), width: begun.width,
            // Enough for all requests under way, twice, so that few slots are free at the end of a call.
            rowsPerCall: 2 * rowsMax * max(1, settings.requestsMax))
        caution =
            settings.revision == nil && probe.margin < EncoderProbe.marginSafe
            ? "\(endpoint): this model's probe is close to a tie (margin \(probe.margin)); if workers are refused for "
                + "another model although all have this one, give all the same --encoder-revision"
            : nil
    }

    deinit {
        try? http.syncShutdown()
    }

    /// (P texts) to `(P, E)`, rows of norm 1. A text's vector does not depend on the other texts of the call beyond the
    /// engine's last digits.
    ///
    /// Throws `refusedText` for the first text that the server refuses or has no vector for, and `unavailable` when no
    /// call would succeed.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let rows: [EmbeddingAnswer.Row]
        if let kept = keptRows(texts) { rows = kept } else { rows = try askedRows(texts) }
        var values: [Float] = []
        values.reserveCapacity(texts.count * facts.width)
        for (index, row) in rows.enumerated() {
            switch row {
            case .vector(let vector): values += vector
            case .unusable(let reason):
                if rows.count > 1 { kept = Dictionary(zip(texts, rows)) { first, _ in first } }
                throw .refusedText(row: index, reason: "\(endpoint.embeddings): \(reason)")
            }
        }
        return FeatureMatrix(columns: facts.width, values: values, isTruncated: texts.map { sent($0).isTruncated })
    }

    /// What of a text is sent.
    private func sent(_ text: String) -> (text: String, isTruncated: Bool) {
        guard let most = settings.charactersMax,
            let end = text.index(text.startIndex, offsetBy: most, limitedBy: text.endIndex), end < text.endIndex
        else { return (settings.prefix + text, false) }
        return (settings.prefix + text[..<end], true)
    }

    private static func text(_ limit: Int?) -> String { limit.map { "\($0)" } ?? "no" }

    /// `listener` is called after every answered request.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { events.answered = listener }

    private func keptRows(_ texts: [String]) -> [EmbeddingAnswer.Row]? {
        guard !kept.isEmpty else { return nil }
        var rows: [EmbeddingAnswer.Row] = []
        for text in texts {
            guard let row = kept[text] else { return nil }
            rows.append(row)
        }
        return rows
    }

    private func askedRows(_ texts: [String]) throws(ValueModelError) -> [EmbeddingAnswer.Row] {
        kept = [:]
        guard !texts.isEmpty else { return [] }
        let prefixed = texts.map { sent($0).text }
        let (client, request, rowsMax, events) = (client, request, rowsMax, events)
        let result = TaskWait.run { () async -> Result<(rows: [EmbeddingAnswer.Row], rowsMax: Int), RemoteError> in
            await client.embed(prefixed, request: request, rowsMax: rowsMax, events: events)
        }
        switch result {
        case .failure(let error): throw .unavailable("\(error)")
        case .success(let made):
            self.rowsMax = made.rowsMax
            for case .vector(let vector) in made.rows where vector.count != facts.width {
                let error = RemoteError.widthChanged(
                    url: endpoint.embeddings, expected: facts.width, found: vector.count)
                throw .unavailable("\(error)")
            }
            return made.rows
        }
    }
}
