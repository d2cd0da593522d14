import AsyncHTTPClient
import Corpora
import Foundation
import NIOCore
import NIOHTTP1

/// Sends requests to a storage, signed where it is a bucket, and tries again where that can help.
package struct StorageClient: Sendable {
    /// A request. Its body is whole, so that it can be sent again.
    struct Call: Sendable {
        var method = "GET"
        var place: StoragePlace
        /// Encoded, from the first `/`.
        var path: String
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var body: [UInt8] = []
    }

    let credentials: StorageCredentials
    private let client: HTTPClient

    /// Tries without progress; with the pauses between them, they last about a minute.
    static let triesMax = 8
    private static let answerTime = TimeAmount.seconds(600)
    private static let bodyBytesMax = 64 << 20

    package init(_ credentials: StorageCredentials) {
        self.credentials = credentials
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.timeout.connect = .seconds(10)
        settings.timeout.read = .seconds(30)
        settings.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Sends a call until it has an answer that is not temporary. Throws `otherFormat`.
    func answer(to call: Call, accepting: Set<Int>) async throws(CorporaError) -> StorageAnswer {
        try await repeated(call) { response in
            let body = try await response.body.collect(upTo: Self.bodyBytesMax)
            let answer = Self.answer(response, String(buffer: body))
            return accepting.contains(answer.status) ? .value(answer) : .refused(answer)
        }
    }

    /// Sends a call for some bytes of an object until it has an answer that is not temporary. Throws `otherFormat` and
    /// `objectChanged`.
    func bytes(
        of call: Call, bytesMax: Int, expecting expected: String?
    ) async throws(CorporaError) -> [UInt8] {
        try await repeated(call) { response in
            switch response.status.code {
            case 206:
                // Not every server reads If-Match.
                if let expected, let tag = response.headers.first(name: "etag"), tag != expected {
                    throw CorporaError.objectChanged(path: call.place.path)
                }
                return .value(Array(buffer: try await response.body.collect(upTo: bytesMax)))
            case 200:
                throw CorporaError.otherFormat("\(call.place.path): its server answers no ranges of bytes")
            default:
                let body = try await response.body.collect(upTo: Self.bodyBytesMax)
                return .refused(Self.answer(response, String(buffer: body)))
            }
        }
    }

    /// What a response is read as.
    private enum Reading<Value> {
        case value(Value)
        case refused(StorageAnswer)
    }

    /// Sends a call until it is answered by a value or by a refusal that is not temporary, at most `triesMax` times.
    private func repeated<Value>(
        _ call: Call, _ read: (HTTPClientResponse) async throws -> Reading<Value>
    ) async throws(CorporaError) -> Value {
        var tries = 0
        while true {
            tries += 1
            let problem: String
            do {
                switch try await read(try await send(call)) {
                case .value(let value): return value
                case .refused(let answer):
                    guard answer.isTemporary else { throw refusal(answer, call.place) }
                    problem = refusalText(answer)
                }
            } catch let error as CorporaError {
                throw error
            } catch {
                problem = Self.text(of: error)
            }
            guard tries < Self.triesMax else { throw Self.failure(call.place, problem, tries) }
            await Self.pause(after: tries)
        }
    }

    /// Sends a call once.
    func send(_ call: Call) async throws -> HTTPClientResponse {
        let query = RequestSignature.encoded(call.query)
        var request = HTTPClientRequest(url: call.place.origin + call.path + (query.isEmpty ? "" : "?\(query)"))
        request.method = .RAW(value: call.method)
        var headers = call.headers
        if call.place.isBucket, let key = credentials.key {
            let signed = [("host", call.place.host)] + headers
            headers += RequestSignature(key: key, region: credentials.region).headers(
                method: call.method, path: call.path, query: call.query, headers: signed, body: call.body,
                time: Int(Date().timeIntervalSince1970))
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if call.method == "PUT" { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        return try await client.execute(request, deadline: .now() + Self.answerTime)
    }

    func refusal(_ answer: StorageAnswer, _ place: StoragePlace) -> CorporaError {
        answer.status == 412 ? .objectChanged(path: place.path) : .otherFormat("\(place.path): \(refusalText(answer))")
    }

    func refusalText(_ answer: StorageAnswer) -> String {
        answer.reason(region: credentials.region, hasKey: credentials.key != nil)
    }

    static func answer(_ response: HTTPClientResponse, _ body: String) -> StorageAnswer {
        let headers = Dictionary(
            response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        return StorageAnswer(status: Int(response.status.code), headers: headers, body: body)
    }

    static func failure(_ place: StoragePlace, _ problem: String, _ tries: Int) -> CorporaError {
        .otherFormat("\(place.path): no answer after \(tries) tries: \(problem); check the network, and try again")
    }

    /// Waits a quarter of a second, then twice as long each time, up to 15 seconds; shortened by a random part.
    static func pause(after tries: Int) async {
        let longest = Duration.milliseconds(250) * (1 << min(tries - 1, 6))
        try? await Task.sleep(for: min(longest, .seconds(15)) * Double.random(in: 0.5...1))
    }

    static func text(of error: any Error) -> String { String("\(error)".prefix(200)) }
}
