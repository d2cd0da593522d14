import HTTPServing
import ObjectStorage
import RemoteEncoding
import Routing

/// Answers of other servers: of endpoints that the router forwards to, of remote encoders, of object storage. The first byte
/// chooses.
enum AnswersTarget {
    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let choice = input.byte()
        switch choice % 6 {
        case 0, 1: return upstream(&input, isStreaming: choice % 6 == 0)
        case 2: return embeddings(&input)
        case 3: return listing(&input)
        case 4:
            let milliseconds = String(decoding: input.block(), as: UTF8.self)
            let header = String(decoding: input.remainder(), as: UTF8.self)
            let wait = RetryAfter.duration(header: header, milliseconds: milliseconds, now: 1_790_000_000)
            return wait.map { .zero ... .seconds(86_400) ~= $0 } == false
                ? "\(header) is a wait of \(wait ?? .zero)" : nil
        default:
            _ = ModelListing.read(input.remainder())
            return nil
        }
    }

    private static func upstream(_ input: inout FuzzBytes, isStreaming: Bool) -> String? {
        let start = ContinuousClock.now
        let endpoint = FleetModel.Endpoint(url: "http://127.0.0.1/v1", model: "m", timeout: .seconds(10))
        var answer = UpstreamAnswer(
            isStreaming: isStreaming, endpoint: endpoint, now: start, deadline: start + .seconds(20))
        let types = ["text/event-stream", "application/json", "text/html", nil]
        let status = [200, 200, 200, 400, 429, 500, 204, 302][Int(input.byte() % 8)]
        let head = UpstreamAnswer.Head(status: status, contentType: types[Int(input.byte() % 4)])
        var actions = answer.handle(.head(head), now: start)
        // Pieces behind their lengths, so that each border is tried.
        while !input.isEmpty {
            let piece = input.bytes(1 + Int(input.byte()))
            actions += answer.handle(.piece(piece), now: start + .milliseconds(1))
        }
        actions += answer.handle(.ended, now: start + .milliseconds(2))
        let ends = actions.count {
            switch $0 {
            case .finish, .fail, .breakOff: true
            case .begin, .send: false
            }
        }
        return ends == 1 ? nil : "an answer has \(ends) ends"
    }

    private static func embeddings(_ input: inout FuzzBytes) -> String? {
        guard let endpoint = try? RemoteEndpoint("http://127.0.0.1:1/v1", key: "secret") else { return "no endpoint" }
        let status = [200, 200, 200, 413, 429, 500, 404, 301][Int(input.byte() % 8)]
        let count = Int(input.byte() % 4)
        let body = input.remainder()
        let reply = EmbeddingReply(status: status, body: body, count: count, endpoint: endpoint)
        guard case .rows(let rows) = reply else { return nil }
        for case .vector(let values) in rows where !values.allSatisfy({ abs($0) <= 1.001 }) {
            return "a vector of norm 1 has \(values.max() ?? 0)"
        }
        return rows.count == count ? nil : "\(rows.count) rows of \(count)"
    }

    private static func listing(_ input: inout FuzzBytes) -> String? {
        let status = 200 + input.number16() % 400
        let text = String(decoding: input.remainder(), as: UTF8.self)
        let answer = StorageAnswer(status: status, headers: [:], body: text)
        if answer.reason(region: "r", hasKey: true).isEmpty { return "an error without words" }
        _ = answer.isTemporary
        _ = ObjectListing(text)
        return nil
    }
}
