import Threads

/// The first requests to a server: which model it has, in which format it writes vectors, how wide they are, and the
/// probe.
struct RemoteHandshake: Sendable {
    /// The request that works.
    let request: EmbeddingRequest
    /// E.
    let width: Int
    /// What tells this model from others.
    let probe: EncoderProbe

    private typealias Vectors = Result<[[Float]], RemoteError>

    /// Waits until the server has answered, or is unavailable.
    static func perform(
        _ client: EmbeddingClient, settings: RemoteSettings, events: EmbeddingClient.Events
    ) async -> Result<RemoteHandshake, RemoteError> {
        var request = EmbeddingRequest(model: settings.model ?? "", truncateTokens: settings.truncateTokens)
        if settings.model == nil {
            switch await client.models(events: events) {
            case .failure(let error): return .failure(error)
            case .success(let models) where models.count == 1: request.model = models[0]
            case .success(let models): return .failure(.modelNeeded(url: client.endpoint.models, models: models))
            }
        }
        var vectors = await probe(client, request, settings, events)
        // Some gateways refuse base64.
        if case .failure(.probeRefused) = vectors {
            var other = request
            other.format = .float
            let again = await probe(client, other, settings, events)
            if case .success = again { (request, vectors) = (other, again) }
        }
        switch vectors {
        case .success(let vectors):
            return .success(
                RemoteHandshake(request: request, width: vectors[0].count, probe: EncoderProbe(vectors)))
        case .failure(.refused(let url, let status, let message, _)):
            return .failure(.refused(url: url, status: status, message: message, models: await listed(client)))
        case .failure(.probeRefused(let url, let reason, _)):
            return .failure(.probeRefused(url: url, reason: reason, models: await listed(client)))
        case .failure(let error): return .failure(error)
        }
    }

    private static func probe(
        _ client: EmbeddingClient, _ request: EmbeddingRequest, _ settings: RemoteSettings,
        _ events: EmbeddingClient.Events
    ) async -> Vectors {
        let texts = EncoderProbe.texts.map { settings.prefix + $0 }
        let url = client.endpoint.embeddings
        let result = await client.embed(texts, request: request, rowsMax: settings.batchRows, events: events)
        return result.flatMap { made in
            var vectors: [[Float]] = []
            for row in made.rows {
                switch row {
                case .vector(let vector): vectors.append(vector)
                case .unusable(let reason): return .failure(.probeRefused(url: url, reason: reason, models: []))
                }
            }
            if let other = vectors.first(where: { $0.count != vectors[0].count }) {
                return .failure(.widthChanged(url: url, expected: vectors[0].count, found: other.count))
            }
            return .success(vectors)
        }
    }

    /// For messages: no names where the server does not list any.
    private static func listed(_ client: EmbeddingClient) async -> [String] {
        (try? await client.models(events: EmbeddingClient.Events()).get()) ?? []
    }
}
