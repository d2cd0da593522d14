package import AsyncHTTPClient
import Foundation
import HTTPServing
import NIOCore
import NIOHTTP1
import NIOPosix
package import Threads

/// One HTTP request to a server and its whole answer, within a time and until the process is asked to stop.
package struct HTTPExchange: Sendable {
    /// An answer: status, headers that matter here, body.
    package struct Answer: Sendable {
        package let status: Int
        package let retryAfter: Duration?
        package let location: String?
        package let body: [UInt8]
    }

    private let client: HTTPClient
    private let key: String?
    private let time: Duration
    private let stop: StopFlag

    /// After the process was asked to stop, an answer may take this much longer.
    private static let stoppingTime = Duration.seconds(10)
    private static let bodyBytesMax = 256 << 20
    private static let pauseStep = Duration.milliseconds(50)

    package init(_ client: HTTPClient, endpoint: RemoteEndpoint, time: Duration, stop: StopFlag) {
        self.client = client
        key = endpoint.key
        self.time = time
        self.stop = stop
    }

    /// A client for these exchanges: no redirections, and no tries of its own.
    package static func makeClient(connections: Int) -> HTTPClient {
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.timeout.connect = .seconds(10)
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(8, connections)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Waits; less when the process is asked to stop.
    package func pause(_ pause: Duration) async {
        let end = ContinuousClock.now + pause
        while !stop.isRaised, !Task.isCancelled, ContinuousClock.now < end {
            try? await Task.sleep(for: min(Self.pauseStep, ContinuousClock.now.duration(to: end)))
        }
    }

    /// Sends `body`, or asks with GET where there is none.
    package func perform(_ url: String, body: [UInt8]? = nil) async -> Result<Answer, FailedExchange> {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "accept", value: "application/json")
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        if let body {
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let prepared = request
        return await withTaskGroup(of: Result<Answer, FailedExchange>?.self) { group in
            group.addTask { await exchange(prepared) }
            group.addTask { await deadline() }
            defer { group.cancelAll() }
            return await group.next().flatMap(\.self) ?? .failure(timedOut)
        }
    }

    private var timedOut: FailedExchange {
        FailedExchange(RequestFailure(.timeout, "no complete answer within \(Int(time / .seconds(1))) s"))
    }

    private func exchange(_ request: HTTPClientRequest) async -> Result<Answer, FailedExchange> {
        do {
            let response = try await client.execute(request, deadline: .now() + .nanoseconds(Self.nanoseconds(time)))
            let body = try await response.body.collect(upTo: Self.bodyBytesMax)
            return .success(
                Answer(
                    status: Int(response.status.code),
                    retryAfter: RetryAfter.duration(
                        header: response.headers.first(name: "retry-after"),
                        milliseconds: response.headers.first(name: "retry-after-ms"),
                        now: Date().timeIntervalSince1970),
                    location: response.headers.first(name: "location"), body: Array(buffer: body)))
        } catch let error as HTTPClientError where Self.timeouts.contains(error) {
            return .failure(timedOut)
        } catch {
            return .failure(FailedExchange(RequestFailure(.unreachable, Self.text(of: error))))
        }
    }

    /// Ends when the time of a request is over, or a while after the process was asked to stop.
    private func deadline() async -> Result<Answer, FailedExchange>? {
        var end = ContinuousClock.now + time
        var isStopping = false
        while !Task.isCancelled, ContinuousClock.now < end {
            if stop.isRaised, !isStopping {
                isStopping = true
                end = min(end, ContinuousClock.now + Self.stoppingTime)
            }
            try? await Task.sleep(for: min(Self.pauseStep * 4, ContinuousClock.now.duration(to: end)))
        }
        return nil
    }

    private static let timeouts: [HTTPClientError] = [.connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded]

    private static func nanoseconds(_ time: Duration) -> Int64 {
        Int64(min(time / .nanoseconds(1), 1e15))
    }

    private static func text(of error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            return "no connection: " + (error.connectionErrors.first.map { "\($0.error)" } ?? "the host has no address")
        }
        if error is NIOTooManyBytesError { return "its answer is larger than \(bodyBytesMax >> 20) MiB" }
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED: return "no connection: it is refused, nothing listens there"
        case EHOSTUNREACH, ENETUNREACH: return "no connection: no route to the host"
        case ECONNRESET, EPIPE: return "the server closed the connection before its answer was complete"
        default: return String("\(error)".prefix(ServerMessage.shownMax))
        }
    }
}

/// A request without an answer.
package struct FailedExchange: Error {
    package let failure: RequestFailure

    init(_ failure: RequestFailure) { self.failure = failure }
}
