import ArgumentParser
import AsyncHTTPClient
import CommandSupport
import Foundation
import HTTPServing
import JSON
import Keys
import NIOCore
import NIOHTTP1
import Threads

/// How an operator's command reaches a coordinator.
struct OperatorOptions: ParsableArguments {
    @Option(help: "HOST:PORT of the coordinator's HTTP server (its option --http).")
    var http = "127.0.0.1:8080"

    @Option(help: "File with a token, from `statezero keys new --http`, for a coordinator that runs with --keys.")
    var tokenFile: String?

    @Option(help: "Ask about one tenant's part of the cluster. Default: all that the token may see.")
    var tenant: String?

    @OptionGroup var tls: OperatorTLS

    private static let time = TimeAmount.seconds(10)
    private static let answerMax = 64 << 20

    func validate() throws {
        do {
            _ = try HTTPAddress(http)
        } catch {
            throw ValidationError("--http \(http): \(error)")
        }
        if let tenant, !KeyTerms.isTenant(tenant) { throw ValidationError("\(KeyError.badTenant(tenant))") }
    }

    /// Asks the coordinator, by POST or GET, and returns its JSON. Throws `CommandFailure` where nobody answers, and the
    /// coordinator's own message where it refuses.
    func ask(_ path: String, post: Bool = false) throws -> JSONValue { try answer(path, post: post).value }

    /// The same, with the text of the answer, one line of JSON.
    func answer(_ path: String, post: Bool = false) throws -> (value: JSONValue, text: String) {
        try answer(path, method: post ? .POST : .GET, body: nil)
    }

    /// Asks the coordinator by a method, with a body of JSON or none. Throws as `ask(_:post:)` does.
    func ask(_ path: String, method: HTTPMethod, body: [UInt8]?) throws -> JSONValue {
        try answer(path, method: method, body: body).value
    }

    private func answer(
        _ path: String, method: HTTPMethod, body: [UInt8]?
    ) throws -> (value: JSONValue, text: String) {
        var request = HTTPClientRequest(url: "\(tls.scheme)://\(http)\(path)")
        request.method = method
        if let tokenFile {
            request.headers.add(
                name: "authorization", value: "Bearer \(try TokenFile.secret(readingFrom: tokenFile))")
        }
        if let tenant { request.headers.add(name: "x-statezero-tenant", value: tenant) }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let settings = try tls.settings()
        let (status, bytes) = try TaskWait.run { [request, http, settings, tls] () async throws(CommandFailure) in
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
            let answer: Result<(Int, [UInt8]), CommandFailure>
            do {
                let response = try await client.execute(request, timeout: Self.time)
                let body = try await response.body.collect(upTo: Self.answerMax)
                answer = .success((Int(response.status.code), Array(body.readableBytesView)))
            } catch {
                answer = .failure(CommandFailure("no answer from \(http): \(tls.reason(of: error, http))"))
            }
            // Its connections are idle; nothing is lost where they do not end well.
            try? await client.shutdown()
            return try answer.get()
        }
        guard let value = try? JSONValue(reading: bytes) else {
            throw CommandFailure("\(http) answers \(path) with status \(status) and no JSON; is it a coordinator?")
        }
        guard status == 200 else {
            let message = value.member(at: ["error", "message"])?.string ?? "status \(status)"
            throw CommandFailure("\(http): \(message)")
        }
        return (value, String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// A name as a part of a path.
    static func part(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
