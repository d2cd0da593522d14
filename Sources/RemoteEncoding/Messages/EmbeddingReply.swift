/// What an answer to `POST /embeddings` means for the request: done, wrong input, worth another try, or hopeless.
package enum EmbeddingReply: Sendable, Equatable {
    /// A result for each text.
    case rows([EmbeddingAnswer.Row])
    /// A text of the request, or their number, is at fault.
    case inputRefused(String, isBatchTooLarge: Bool)
    /// The same request may succeed later.
    case failed(RequestFailure)
    /// No request will succeed.
    case ended(RemoteError)

    /// Reads an answer to a request of `count` texts. `retryAfter` and `location` are its headers.
    package init(
        status: Int, body: [UInt8], count: Int, retryAfter: Duration? = nil, location: String? = nil,
        endpoint: RemoteEndpoint
    ) {
        func message() -> String { ServerMessage.read(body, hiding: endpoint.withoutKey) }
        switch status {
        case 200: self = Self.read(body, count: count, endpoint: endpoint)
        case 429, 502, 503, 504, 408, 425:
            self = .failed(RequestFailure(.busy, "status \(status): \(message())", retryAfter: retryAfter))
        case 400, 413, 422:
            let text = message()
            self = .inputRefused("status \(status): \(text)", isBatchTooLarge: Self.namesBatch(text))
        // llama.cpp answers 500 to a prompt longer than its batch; TEI 424 when its backend fails.
        case 424, 500...599:
            let text = message()
            self =
                Self.namesInput(text)
                ? .inputRefused("status \(status): \(text)", isBatchTooLarge: false)
                : .failed(RequestFailure(.serverError, "status \(status): \(text)", retryAfter: retryAfter))
        case 300...399:
            self = .ended(
                .redirected(
                    url: endpoint.embeddings, status: status,
                    location: endpoint.withoutKey(location ?? "an address that it does not name")))
        default: self = .ended(.refused(url: endpoint.embeddings, status: status, message: message(), models: []))
        }
    }

    private static func read(_ body: [UInt8], count: Int, endpoint: RemoteEndpoint) -> EmbeddingReply {
        do throws(EmbeddingAnswer.Problem) {
            return .rows(try EmbeddingAnswer(body, count: count).rows)
        } catch {
            switch error {
            case .notNumbers: return .inputRefused("the answer has NaN or Infinity", isBatchTooLarge: false)
            case .malformed(let reason):
                return .ended(
                    .badAnswer(
                        url: endpoint.embeddings, reason: reason,
                        body: ServerMessage.beginning(of: body, hiding: endpoint.withoutKey)))
            }
        }
    }

    private static func namesInput(_ message: String) -> Bool {
        let text = message.lowercased()
        return ["too large to process", "too long", "context length", "context size", "exceed", "encoding_format"]
            .contains { text.contains($0) }
    }

    // TEI: "batch size 64 > maximum allowed batch size 32".
    private static func namesBatch(_ message: String) -> Bool {
        let text = message.lowercased()
        return text.contains("batch size") && !text.contains("physical batch size")
    }
}

/// Why a request had no usable answer, when another try may have one.
package struct RequestFailure: Sendable, Equatable {
    /// Kinds that are handled differently.
    package enum Kind: Sendable {
        /// The server, or what is before it, asks to come back later.
        case busy
        /// No connection, or it broke.
        case unreachable
        /// Not complete within the time of a request.
        case timeout
        /// The server failed at this request.
        case serverError
    }

    package let kind: Kind
    package let reason: String
    /// As the server asked.
    package let retryAfter: Duration?

    package init(_ kind: Kind, _ reason: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.reason = reason
        self.retryAfter = retryAfter
    }
}
