import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Routing

/// Forwards a request's body to an endpoint, and returns the answer as soon as it begins.
struct Forwarder: Sendable {
    /// The result of one try.
    enum Answer: Sendable {
        /// The endpoint answered; its body follows.
        case begun(HTTPClientResponse)
        /// It did not, or it refused. `reason` is `timeout`, `unreachable`, `server_error`,
        /// `rate_limited` or `refused`.
        case failed(reason: String, detail: String, retryAfter: Duration?)
    }

    let client: HTTPClient
    /// By the variables that the fleet file names.
    let keys: [String: String]

    /// Tries once. The answer must begin within `limit`; after that the client's idle time bounds it.
    func send(_ body: [UInt8], to endpoint: FleetModel.Endpoint, within limit: Duration) async -> Answer {
        var request = HTTPClientRequest(url: endpoint.url + "/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        if let key = endpoint.keyVariable.flatMap({ keys[$0] }) {
            request.headers.add(name: "authorization", value: "Bearer \(key)")
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        let prepared = request
        let response: HTTPClientResponse?
        do {
            response = try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { group in
                group.addTask { try await client.execute(prepared, deadline: .now() + Self.answerMax) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch let error as HTTPClientError where error == .connectTimeout || error == .readTimeout {
            return .failed(reason: "timeout", detail: "\(error)", retryAfter: nil)
        } catch {
            return .failed(reason: "unreachable", detail: "\(error)", retryAfter: nil)
        }
        guard let response else {
            return .failed(reason: "timeout", detail: "no answer within \(limit)", retryAfter: nil)
        }
        switch response.status.code {
        case 429: return .failed(reason: "rate_limited", detail: "429", retryAfter: Self.retryAfter(response.headers))
        case 408, 500...599:
            return .failed(
                reason: "server_error", detail: "\(response.status.code)", retryAfter: Self.retryAfter(response.headers)
            )
        // The router's configuration has a wrong key or name; the client cannot repair it.
        case 401, 403, 404: return .failed(reason: "refused", detail: "\(response.status.code)", retryAfter: nil)
        default: return .begun(response)
        }
    }

    /// An answer that takes longer than this is cut off.
    private static let answerMax: TimeAmount = .hours(1)

    private static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        headers.first(name: "retry-after").flatMap(Int.init).map { .seconds(min(max($0, 0), 3600)) }
    }
}
