import AsyncHTTPClient
package import Logging
import NIOCore
import NIOHTTP1
import SwiftProtobuf
package import Threads
package import Traces

/// Sends ended spans to a collector: OTLP over HTTP with protobuf, a batch at a time, on a thread of its own.
///
/// The work that is traced never waits for it. A collector that does not answer gets a batch again a few times; meanwhile
/// the queue fills, and what does not fit is dropped and counted.
package final class OTLPExporter: Sendable {
    /// Starts spans for this exporter.
    package let tracer: Tracer
    private let thread: DedicatedThread<Void, Never>
    private let wakeup: Wakeup
    private let isStopping = StopFlag()

    /// Time between two requests, unless a batch is full before.
    package static let interval = Duration.seconds(1)
    /// Time for the last requests when the process ends.
    private static let stopTime = Duration.seconds(3)
    /// A batch that was refused so often is dropped.
    private static let triesMax = 5

    /// Starts the thread. `version` is the program's.
    package init(_ settings: OTLPSettings, version: String, logger: Logger) throws(ThreadError) {
        for warning in settings.warnings { logger.warning("\(warning)") }
        let tracer = Tracer(settings.sampler)
        let wakeup = try Wakeup()
        tracer.queue.notify { wakeup.signal() }
        self.tracer = tracer
        self.wakeup = wakeup
        let isStopping = isStopping
        thread = DedicatedThread.start(name: "traces") { announce in
            announce(())
            var sender = SpanSender(settings, version: version, queue: tracer.queue, logger: logger)
            while !isStopping.isRaised {
                _ = wakeup.wait(for: Self.interval)
                sender.sendAll(triesMax: Self.triesMax, until: nil, stop: isStopping)
            }
            sender.sendAll(triesMax: 1, until: .now + Self.stopTime, stop: nil)
            sender.close()
        }
    }

    /// Sends what has ended, for some seconds at most, and ends the thread. What was not sent is counted as dropped.
    package func stop() {
        isStopping.raise()
        wakeup.signal()
        thread.join()
    }
}

/// The requests of an exporter; belongs to its thread.
private struct SpanSender {
    private let settings: OTLPSettings
    private let version: String
    private let queue: SpanQueue
    private let logger: Logger
    private let client: HTTPClient
    /// Whether the last request failed, so that an outage is logged once.
    private var isFailing = false
    private var batch: [SpanRecord] = []
    private var tries = 0
    private var pauseUntil = ContinuousClock.now

    /// Longest pause between two tries.
    private static let pauseMax = Duration.seconds(16)

    private enum Outcome: Sendable {
        case accepted(rejected: Int, message: String)
        /// The same request may be accepted later.
        case later(String)
        case refused(String)
    }

    init(_ settings: OTLPSettings, version: String, queue: SpanQueue, logger: Logger) {
        self.settings = settings
        self.version = version
        self.queue = queue
        self.logger = logger
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(2)
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends batches until none waits, or one must be sent again later. With a deadline, what is left at the end is dropped.
    mutating func sendAll(triesMax: Int, until deadline: ContinuousClock.Instant?, stop: StopFlag?) {
        while true {
            if batch.isEmpty { batch = queue.take() }
            guard !batch.isEmpty else { return }
            if stop?.isRaised == true { return }
            guard deadline != nil || .now >= pauseUntil else { return }
            if let deadline, .now >= deadline {
                queue.left(dropped: batch.count)
                batch = []
                continue
            }
            let timeout = deadline.map { min(settings.timeout, $0 - .now) } ?? settings.timeout
            send(triesMax: triesMax, timeout: timeout, stop: stop)
        }
    }

    func close() {
        let client = client
        TaskWait.run(atMost: .seconds(1)) { try? await client.shutdown() }
        let dropped = queue.counts.dropped
        if dropped > 0 { logger.warning("spans were dropped", metadata: ["spans": "\(dropped)"]) }
    }

    private mutating func send(triesMax: Int, timeout: Duration, stop: StopFlag?) {
        let message = OTLPExportTraceServiceRequest(batch, resource: settings.resource, version: version)
        // Serialising fails for missing required fields only, which proto3 does not have.
        let body: [UInt8] = (try? message.serializedBytes()) ?? []
        switch post(body, timeout: timeout, stop: stop) {
        case .accepted(let rejected, let message):
            let rejected = min(max(0, rejected), batch.count)
            queue.left(exported: batch.count - rejected, dropped: rejected)
            note(failure: rejected > 0 ? "the collector rejected \(rejected) spans: \(message.prefix(200))" : nil)
            (batch, tries) = ([], 0)
        case .later(let reason) where tries + 1 < triesMax:
            tries += 1
            pauseUntil = .now + min(Self.pauseMax, .seconds(1 << tries))
            note(failure: reason)
        case .later(let reason), .refused(let reason):
            queue.left(dropped: batch.count)
            note(failure: reason)
            (batch, tries) = ([], 0)
        }
    }

    private mutating func note(failure: String?) {
        let url = settings.urlWithoutUser
        if let failure, !isFailing {
            logger.warning("spans cannot be exported", metadata: ["to": "\(url)", "reason": "\(failure)"])
        } else if failure == nil, isFailing {
            logger.notice("spans are exported again", metadata: ["to": "\(url)"])
        }
        isFailing = failure != nil
    }

    /// Waits for the answer; where the process is asked to stop meanwhile, a little longer at most.
    private func post(_ body: [UInt8], timeout: Duration, stop: StopFlag?) -> Outcome {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-protobuf")
        request.headers.add(name: "user-agent", value: "statezero/\(version)")
        for header in settings.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let (client, sent) = (client, request)
        return TaskWait.run { () async -> Outcome in
            await withTaskGroup(of: Outcome.self) { group -> Outcome in
                group.addTask { await Self.answer(to: sent, by: client, timeout: timeout) }
                if let stop { group.addTask { await Self.stopping(stop) } }
                let outcome = await group.next()
                group.cancelAll()
                return outcome ?? .later("no answer")
            }
        }
    }

    private static func answer(
        to request: HTTPClientRequest, by client: HTTPClient, timeout: Duration
    ) async -> Outcome {
        do {
            let answer = try await client.execute(request, timeout: .nanoseconds(timeout.nanoseconds))
            let status = Int(answer.status.code)
            do {
                let bytes = try await answer.body.collect(upTo: 1 << 16)
                return outcome(status, Array(bytes.readableBytesView))
            } catch is NIOTooManyBytesError {
                return outcome(status, [])  // The status says enough; a second request would double the spans.
            }
        } catch {
            return .later("\(error)")
        }
    }

    /// Ends when it is cancelled, or soon after the flag is raised.
    private static func stopping(_ stop: StopFlag) async -> Outcome {
        while !stop.isRaised, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(100)) }
        try? await Task.sleep(for: .seconds(1))
        return .later("no answer before the process stopped")
    }

    private static func outcome(_ status: Int, _ body: [UInt8]) -> Outcome {
        switch status {
        case 200..<300:
            let answer = try? OTLPExportTraceServiceResponse(serializedBytes: body)
            let rejected = Int(clamping: answer?.partialSuccess.rejectedSpans ?? 0)
            return .accepted(rejected: rejected, message: answer?.partialSuccess.errorMessage ?? "")
        case 429, 502, 503, 504: return .later("status \(status)")
        default: return .refused("status \(status)")
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return min(max(0, seconds), 1 << 30) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
