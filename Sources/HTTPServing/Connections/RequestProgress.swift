import NIOCore
import NIOHTTP1

/// What is known of one request while it is received and answered.
struct RequestProgress {
    /// Bytes of a body that are read for the sake of the connection, although nobody wants them.
    private static let drainedMax = 65_536

    /// The answer has the same version.
    let version: HTTPVersion
    /// Whether all of it was received.
    var isComplete = false
    /// Whether the client sends the body only after `100 Continue`.
    var waitsForContinue: Bool
    private let wantsClose: Bool
    private let drainable: Bool

    /// What its head says.
    init(_ head: HTTPRequestHead) {
        version = head.version
        // HTTP/1.0 cannot read a stream of unknown length on a connection that stays open.
        wantsClose = !head.isKeepAlive || !Self.isModern(head)
        waitsForContinue =
            Self.isModern(head)
            && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
        drainable =
            head.headers.first(name: "content-length").flatMap { Int($0) }.map { $0 <= Self.drainedMax } ?? false
    }

    /// Whether the connection ends with the answer that begins now: the client wants it, or the rest of the request is
    /// not worth its transfer.
    var endsConnection: Bool { wantsClose || !(isComplete || (drainable && !waitsForContinue)) }

    /// Whether a request has HTTP/1.1 or later.
    private static func isModern(_ head: HTTPRequestHead) -> Bool { head.version.major > 1 || head.version.minor >= 1 }

    /// What is wrong with the headers of a request; `nil` for nothing. RFC 9112, 3.2: exactly one `Host`.
    static func fault(of head: HTTPRequestHead) -> String? {
        let hosts = head.headers["host"].count
        if hosts > 1 { return "the request has \(hosts) Host headers; send one" }
        return hosts == 0 && isModern(head) ? "the request has no Host header, which HTTP/1.1 requires" : nil
    }
}
